"""Snowflake's protocol over HTTP, for tests with the real driver: fakesnow (DuckDB underneath), made to answer as Snowflake does.

    python3 emulator.py PORT

fakesnow answers in Arrow only and Node's driver reads JSON only, so results are rewritten at the HTTP edge (wire.py). What Snowflake refuses and fakesnow
lets pass is refused here (strict.py). This file is the server: sessions, locks, retries, cancellation, timeouts, and what tests may ask it about itself.
"""
import asyncio, gzip, json, re, sys, time, urllib.parse

import uvicorn
import fakesnow.server as fake

import strict, unload, wire

strict.install()

STATEMENTS = []  # what came, for tests: {sql, tag, session, describe}
LOGINS = []  # what logins said, credentials left out
RUNNING = {}  # request id -> (connection, reasons to stop)
ANSWERS = {}  # request id -> future of the answer: the driver repeats a request whose answer it missed, and it must not run twice
LOCKS = {}  # table -> asyncio.Lock
SESSIONS = {}  # token -> Session
FAULTS = []  # {pattern, action}: what happens once to the next statement that matches
LOCK_TIMEOUT = 60

WRITES = re.compile(r"\s*(UPDATE|DELETE\s+FROM|MERGE\s+INTO)\s+(\S+)", re.I)
DDL = re.compile(r"\s*(CREATE|DROP|ALTER\s+TABLE|TRUNCATE|COMMENT)\b", re.I)
CHANGES = re.compile(r"\s*(UPDATE|DELETE|MERGE|INSERT|CREATE|DROP|ALTER|TRUNCATE|COMMIT)\b", re.I)


class Session:
    def __init__(self):
        self.in_transaction = False
        self.held = []

    def release(self):
        for lock in self.held:
            lock.release()
        self.held = []
        self.in_transaction = False


class Refused(Exception):
    def __init__(self, code, state, message):
        self.answer = refusal(code, state, message)


def refusal(code, state, message):
    return {"success": False, "code": code, "message": message, "data": {"errorCode": code, "sqlState": state}}


async def hold(session, table):
    """UPDATE, DELETE and MERGE hold their table until the transaction ends."""
    lock = LOCKS.setdefault(table.lower(), asyncio.Lock())
    if lock in session.held:
        return
    try:
        await asyncio.wait_for(lock.acquire(), LOCK_TIMEOUT)
    except TimeoutError:
        raise Refused("000625", "57014", f"Statement was aborted because it waited too long for the lock on table {table}.") from None
    session.held.append(lock)


async def execute(app, scope, body, request, token):
    """Runs one statement as Snowflake would order it among others."""
    sql = request["sqlText"]
    session = SESSIONS.setdefault(token, Session())
    connection = fake.sessions.get(token)
    why = []
    timer = None
    if connection is not None:
        RUNNING[scope["request_id"]] = (connection, why)
        limit = (request.get("parameters") or {}).get("STATEMENT_TIMEOUT_IN_SECONDS")
        if limit:
            def expire():
                why.append("timeout")
                connection._duck_conn.interrupt()
            timer = asyncio.get_running_loop().call_later(float(limit), expire)
    try:
        target = WRITES.match(sql)
        if target and not request.get("describeOnly"):
            await hold(session, target.group(2))
        if why:
            raise Refused("000604", "57014", "SQL execution canceled")
        if re.match(r"\s*BEGIN\b", sql, re.I):
            session.in_transaction = True
        copy = unload.statement(sql)
        if copy:
            if copy["stage"] not in unload.STAGES:
                raise Refused("002003", "02000", f"SQL compilation error:\nStage '{copy['stage']}' does not exist or not authorized.")
            query = json.dumps(request | {"sqlText": copy["query"]}).encode()
            zipped = (b"content-encoding", b"gzip") in scope["headers"]
            status, answer = await call(app, scope, gzip.compress(query) if zipped else query)
            if status < 500:
                answer = await unload.unloaded(copy, answer)
        elif CHANGES.match(sql):
            async with ONE_CHANGE:
                status, answer = await call(app, scope, body)
        else:
            status, answer = await call(app, scope, body)
        if status >= 500:
            if why:
                code, text = ("000604", "SQL execution canceled") if why[0] == "cancel" else ("000630", "Statement reached its statement or warehouse timeout and was canceled.")
                return refusal(code, "57014", text)
            return refusal("261000", "XX000", "not supported by the emulator: " + str((answer or {}).get("message"))[:2000])
        return strict.translate(answer)
    except Refused as refused:
        return refused.answer
    finally:
        if timer:
            timer.cancel()
        RUNNING.pop(scope["request_id"], None)
        # DDL commits what was open before it.
        if re.match(r"\s*(COMMIT|ROLLBACK)\b", sql, re.I) or DDL.match(sql) or not session.in_transaction:
            session.release()


async def call(app, scope, body):
    sent = False
    start = {}
    out = bytearray()

    async def receive():
        nonlocal sent
        if sent:
            return {"type": "http.disconnect"}
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message):
        if message["type"] == "http.response.start":
            start.update(message)
        else:
            out.extend(message.get("body", b""))

    try:
        await app(scope, receive, send)
        return start["status"], json.loads(bytes(out) or b"null")
    except Exception as error:  # the emulator's own failure is an answer too
        return 500, {"message": repr(error)}


class Server:
    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        path = scope["path"]
        headers = {key.decode(): value.decode() for key, value in scope["headers"]}
        raw = b""
        while True:
            message = await receive()
            raw += message.get("body", b"")
            if not message.get("more_body"):
                break
        text = gzip.decompress(raw) if headers.get("content-encoding") == "gzip" else raw
        if path.startswith("/chunk/"):
            return await reply(send, await asyncio.to_thread(wire.chunk, path[7:]), [(b"content-encoding", b"gzip")], kind=b"binary/octet-stream")
        if path.startswith("/test/"):
            return await reply(send, json.dumps(self.tests(path[6:], json.loads(text or b"null"))).encode())
        if path.startswith("/telemetry"):
            return await reply(send, b'{"success":true,"data":null}')
        if path == "/session/v1/login-request":
            return await reply(send, json.dumps(await self.login(scope, raw, json.loads(text))).encode())
        token = headers.get("authorization", "")[17:-1]
        if path.endswith("abort-request"):
            self.cancel(path, json.loads(text or b"{}"))
            return await reply(send, b'{"success":true,"data":null,"code":null,"message":null}')
        if path != "/queries/v1/query-request":
            if path == "/session" and token in SESSIONS:
                SESSIONS.pop(token).release()
            status, answer = await call(self.app, scope, raw)
            return await reply(send, json.dumps(answer).encode(), status=status)
        scope["request_id"] = urllib.parse.parse_qs(scope["query_string"].decode()).get("requestId", [""])[0]
        answer = await self.once(scope, raw, json.loads(text), token, f"http://{headers.get('host')}")
        if answer is None:
            return  # the connection ends without an answer
        await reply(send, answer)

    async def once(self, scope, raw, request, token, base):
        key = scope["request_id"]
        if key in ANSWERS:
            return await asyncio.shield(ANSWERS[key])
        future = asyncio.get_running_loop().create_future()
        ANSWERS[key] = future
        while len(ANSWERS) > 200:
            ANSWERS.pop(next(iter(ANSWERS)))
        sql = request["sqlText"]
        STATEMENTS.append({"sql": sql, "tag": (request.get("parameters") or {}).get("QUERY_TAG"), "session": token[:6], "describe": bool(request.get("describeOnly")), "at": time.time()})
        place = len(STATEMENTS) - 1
        fault = next((one for one in FAULTS if re.search(one["pattern"], sql)), None)
        if fault:
            FAULTS.remove(fault)
            if fault["action"] == "refuse":
                answer = refusal(fault.get("code", "300002"), "XX000", fault.get("message", "Processing aborted by error 300002"))
                future.set_result(json.dumps(answer).encode())
                return future.result()
            if fault["action"] == "hang":
                await asyncio.sleep(fault.get("seconds", 3600))
        answer = await execute(self.app, scope, raw, request, token)
        STATEMENTS[place]["done"] = time.time()
        data = await asyncio.to_thread(wire.rewrite, answer, base)
        future.set_result(data)
        return None if fault and fault["action"] == "lose_answer" else data

    async def login(self, scope, raw, request):
        data = request["data"]
        LOGINS.append({key: data.get(key) for key in ("AUTHENTICATOR", "LOGIN_NAME", "ACCOUNT_NAME", "CLIENT_APP_ID")} | {
            "has": [key for key in ("PASSWORD", "TOKEN") if data.get(key)],
            "query": urllib.parse.parse_qs(scope["query_string"].decode()),
        })
        if data.get("PASSWORD") == "wrong":
            return refusal("390100", "08001", "Incorrect username or password was specified.")
        _, answer = await call(self.app, scope, raw)
        return answer

    def cancel(self, path, request):
        key = request.get("requestId")
        for request_id, (connection, why) in list(RUNNING.items()):
            if request_id == key:
                why.append("cancel")
                connection._duck_conn.interrupt()

    def tests(self, what, request):
        if what == "statements":
            return STATEMENTS[(request or {}).get("from", 0):]
        if what == "logins":
            return LOGINS
        if what == "running":
            return len(RUNNING)
        if what == "fault":
            FAULTS.append(request)
        if what == "stage":
            unload.STAGES[request["stage"]] = request["address"]
        if what == "lose_file":
            unload.LOST.append(request["stage"])
        return None


async def reply(send, body, headers=(), status=200, kind=b"application/json"):
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", kind), (b"content-length", str(len(body)).encode()), *headers]})
    await send({"type": "http.response.body", "body": body})


ONE_CHANGE = asyncio.Lock()

if __name__ == "__main__":
    uvicorn.run(Server(fake.app), host="127.0.0.1", port=int(sys.argv[1]), log_level="warning", timeout_keep_alive=600)
