"""fakesnow's Arrow results as Snowflake's JSON wire format, large ones in parts that the driver fetches by address."""
import base64, collections, gzip, json, secrets

import pyarrow as pa

PART_ROWS = 20000
CHUNKS = collections.OrderedDict()
PARAMETERS = [
    ("TIMEZONE", "UTC"),
    ("BINARY_OUTPUT_FORMAT", "HEX"),
    ("DATE_OUTPUT_FORMAT", "YYYY-MM-DD"),
    ("TIME_OUTPUT_FORMAT", "HH24:MI:SS"),
    ("TIMESTAMP_OUTPUT_FORMAT", "YYYY-MM-DD HH24:MI:SS.FF3 TZHTZM"),
    ("TIMESTAMP_NTZ_OUTPUT_FORMAT", "YYYY-MM-DD HH24:MI:SS.FF3"),
    ("TIMESTAMP_LTZ_OUTPUT_FORMAT", ""),
    ("TIMESTAMP_TZ_OUTPUT_FORMAT", ""),
]


def column(values, kind):
    t = values.type
    if pa.types.is_struct(t):
        zoned = "timezone" in [field.name for field in t]
        return [None if v is None or v.get("epoch") is None else f"{v['epoch']}.{v['fraction']:09d}" + (f" {v['timezone']}" if zoned else "") for v in values.to_pylist()]
    if pa.types.is_date(t):
        return [None if v is None else str(v) for v in values.cast(pa.int32()).to_pylist()]
    if pa.types.is_string(t):
        return values.to_pylist()
    if pa.types.is_boolean(t):
        return [None if v is None else ("1" if v else "0") for v in values.to_pylist()]
    if pa.types.is_binary(t) or pa.types.is_large_binary(t):
        return [None if v is None else v.hex().upper() for v in values.to_pylist()]
    if kind == "time":
        return [None if v is None else f"{v // 10**9}.{v % 10**9:09d}" for v in values.to_pylist()]
    if pa.types.is_floating(t):
        return [None if v is None else repr(v) for v in values.to_pylist()]
    return [None if v is None else str(v) for v in values.to_pylist()]


def rewrite(answer, base):
    data = answer.get("data")
    if not answer.get("success") or not isinstance(data, dict) or "rowtype" not in data:
        return json.dumps(answer).encode()
    data["parameters"] = [{"name": name, "value": value} for name, value in PARAMETERS]
    data["version"] = 1
    if data.get("queryResultFormat") == "arrow":
        packed = data.pop("rowsetBase64")
        data["queryResultFormat"] = "json"
        data["rowset"] = []
        if packed:
            with pa.ipc.open_stream(base64.b64decode(packed)) as reader:
                table = reader.read_all()
            kinds = [one["type"] for one in data["rowtype"]]
            rows = table.num_rows
            first = min(rows, 1000 if rows > PART_ROWS else PART_ROWS)

            def part(offset, length):
                piece = table.slice(offset, length).combine_chunks()
                return [list(row) for row in zip(*[column(piece.column(i), kinds[i]) for i in range(piece.num_columns)])]

            data["rowset"] = part(0, first)
            if rows > first:
                data["chunks"] = [stored(part(offset, min(PART_ROWS, rows - offset)), base) for offset in range(first, rows, PART_ROWS)]
            data["total"] = rows
    if data.get("returned") is None:
        data["returned"] = data.get("total", len(data.get("rowset", [])))
    return json.dumps(answer).encode()


def stored(rows, base):
    text = json.dumps(rows, separators=(",", ":"))[1:-1].encode()
    packed = gzip.compress(text, 1)
    name = secrets.token_hex(8)
    CHUNKS[name] = packed
    while len(CHUNKS) > 2000:
        CHUNKS.popitem(last=False)
    return {"url": f"{base}/chunk/{name}", "rowCount": len(rows), "uncompressedSize": len(text), "compressedSize": len(packed)}
