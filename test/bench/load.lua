-- SPDX-License-Identifier: Apache-2.0
--
-- For wrk: sends what its environment says and ends with the line that bench.sh reads.
--   BENCH_BODY       body of a POST; empty: GET
--   BENCH_MEDIA      its Content-Type
--   BENCH_REFUSED    yes: each answer has to be a refusal, and it is an error when one is not
-- RATE P50 P99 LONGEST ERRORS: per second, milliseconds three times, answers of 400 and more or broken connections.

local body = os.getenv("BENCH_BODY")
if body and #body > 0 then
    wrk.method = "POST"
    wrk.body = body
    wrk.headers["Content-Type"] = os.getenv("BENCH_MEDIA")
end

function done(summary, latency, requests)
    local e = summary.errors
    local wrong = os.getenv("BENCH_REFUSED") == "yes" and summary.requests - e.status or e.status
    io.write(string.format("RESULT %.1f %.3f %.3f %.3f %d\n", summary.requests * 1e6 / summary.duration,
        latency:percentile(50) / 1000, latency:percentile(99) / 1000, latency.max / 1000,
        wrong + e.connect + e.read + e.write + e.timeout))
end
