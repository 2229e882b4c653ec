/**
 * The front door: everything users import from `agent-runtime`. Decorators come first: their module prepares
 * `Symbol.metadata` before the first decorated class is defined.
 */
export { every, onBroadcast, onDown, onMessage, onStart, onStop, onTask } from './agent/decorators.ts';
export { Agent } from './agent/agent.ts';
export type { Down } from './agent/watch-verbs.ts';
export { defineBroadcast, defineMessage, defineTask } from './agent/contract.ts';
export type { BroadcastContract, MessageContract, TaskContract } from './agent/contract.ts';
export type { Broadcast, Message, Task } from './agent/envelopes.ts';
export { group, pool, single } from './agent/hosting.ts';
export type { Hosting } from './agent/hosting.ts';
export type { Lock } from './agent/lock.ts';
export { broadcast, down, message, start, stop, task, timer } from './agent/registration.ts';
export type { Handlers } from './agent/registration.ts';
export type { TaskHandle } from './agent/task-handle.ts';
export { defineConfig } from './config/config.ts';
export type { RuntimeOptions } from './config/config.ts';
export { AgentUnavailable, ConfigError, DeliveryError, HandlerError } from './core/errors.ts';
export { OwnershipError, RetryableError, RuntimeError, TerminalError } from './core/errors.ts';
export { connect } from './compose/connect.ts';
export type { Fleet } from './compose/fleet.ts';
export { startFleet } from './compose/start-fleet.ts';
