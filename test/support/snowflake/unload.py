"""COPY INTO a stage, which fakesnow lacks: runs its query and puts files into an S3 server, as Snowflake's documentation has them. No word of Snowflake's own on what it would do."""
import asyncio, gzip, re, urllib.request

import wire

COPY = re.compile(
    r"COPY INTO @(?P<stage>(?:\"[^\"]+\"\.){2}\"[^\"]+\")/(?P<folder>[a-zA-Z0-9_/]+/) FROM \((?P<query>.*)\) FILE_FORMAT = \(TYPE = CSV COMPRESSION = GZIP RECORD_DELIMITER = '\\n'"
    r" FIELD_OPTIONALLY_ENCLOSED_BY = '\"' ESCAPE = NONE ESCAPE_UNENCLOSED_FIELD = NONE\) HEADER = FALSE SINGLE = FALSE MAX_FILE_SIZE = \d+ INCLUDE_QUERY_ID = TRUE",
    re.S,
)
STAGES = {}  # name -> address of the folder that its URL names
LOST = []  # stages of which the next unload loses its last file
FILES = 3


def statement(sql):
    return COPY.fullmatch(sql)


async def unloaded(copy, answer):
    """The answer to the query, as one to the unload of it."""
    data = answer.get("data")
    if not answer.get("success"):
        return answer
    (values,) = wire.taken(data.pop("rowsetBase64")).columns
    records = ['"%s"\n' % value.replace('"', '""') for value in values.to_pylist()]
    stage = copy["stage"]
    files = [file for file in (records[start::FILES] for start in range(FILES)) if file]
    if stage in LOST:
        LOST.remove(stage)
        files.pop()
    await asyncio.gather(*(put(f"{STAGES[stage]}/{copy['folder']}data_{data['queryId']}_0_{part}_0.csv.gz", "".join(file)) for part, file in enumerate(files)))
    counts = {"rows_unloaded": len(records), "input_bytes": sum(map(len, records)), "output_bytes": sum(map(len, records))}
    data["rowtype"] = [{"name": name, "type": "fixed", "precision": 38, "scale": 0, "nullable": False, "length": None, "byteLength": None} for name in counts]
    data.update(rowset=[[str(count) for count in counts.values()]], total=1, returned=1, queryResultFormat="json")
    return answer


async def put(address, text):
    headers = {"content-type": "application/gzip", "authorization": "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request"}
    request = urllib.request.Request(address, gzip.compress(text.encode(), 1), headers, method="PUT")
    await asyncio.to_thread(lambda: urllib.request.urlopen(request, timeout=30).close())
