// SPDX-License-Identifier: Apache-2.0
//
// bide: a job server for work that takes a while. This is its Node side.
//
//     Client      submit tasks, wait for them, look after queues
//     Worker      a process that loads a model once and takes task after task
//
// Nothing but Node's own modules: it must install next to anything. What each name means, its units, defaults and
// errors, is said in the .d.ts beside each module, where editors look.
export { Client, ENDINGS } from "./src/client.js";
export * from "./src/problems.js";
export { Task } from "./src/task.js";
export { Cancelled, Fail, Retry } from "./src/verdict.js";
export { Worker } from "./src/worker.js";
