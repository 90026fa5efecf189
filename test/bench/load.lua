-- SPDX-License-Identifier: Apache-2.0
--
-- For wrk: sends what its environment says and ends with the line that bench.sh reads.
--   BENCH_BODY    body of a POST; unset: GET
-- RATE P50 P99 LONGEST ERRORS: per second, milliseconds three times, answers of 400 and more or broken connections.

local body = os.getenv("BENCH_BODY")
if body and #body > 0 then
    wrk.method = "POST"
    wrk.body = body
    wrk.headers["Content-Type"] = "application/json"
end

function done(summary, latency, requests)
    local e = summary.errors
    io.write(string.format("RESULT %.0f %.3f %.3f %.3f %d\n", summary.requests * 1e6 / summary.duration,
        latency:percentile(50) / 1000, latency:percentile(99) / 1000, latency.max / 1000,
        e.status + e.connect + e.read + e.write + e.timeout))
end
