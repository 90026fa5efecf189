// SPDX-License-Identifier: Apache-2.0
//
// The types of the package `bide`, and what everything means: each module has them beside it. Times that the SDK itself
// takes are milliseconds and say so in their names (`timeoutMs`). Fields of the API have the API's own names (`delay_ms`).
export * from "./src/client.js";
export * from "./src/problems.js";
export * from "./src/records.js";
export * from "./src/task.js";
export * from "./src/verdict.js";
export * from "./src/worker.js";
