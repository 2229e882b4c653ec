/**
 * What a history is made of: steps as plain data, so that they can be kept, left out one by one, and printed.
 */
import type { Broker } from '../../src/broker/broker.ts';

/** The ports of a broker by name. */
export type PortName = {
  [Name in keyof Broker]: Broker[Name] extends object
    ? Broker[Name] extends (...args: never[]) => unknown
      ? never
      : Name
    : never;
}[keyof Broker];

/** Where a call goes: to a port, or round the broker (support/outsider.ts). */
export type Place = PortName | 'outsider';

/** One call of a port method, or of an outsider. Values that a broker minted stand in it as symbols. */
export interface Call {
  readonly kind: 'call';
  readonly id: string;
  /** Process that calls. */
  readonly by: string;
  readonly port: Place;
  readonly method: string;
  readonly args: readonly unknown[];
  /** The tag of the frame is the one of this agent's inbox. */
  readonly tagOf?: string;
}

export type Step =
  | Call
  /** Time passes on both sides. */
  | { readonly kind: 'pass'; readonly id: string; readonly ms: number }
  /** Ends the wait of a process. */
  | { readonly kind: 'abort'; readonly id: string; readonly by: string }
  /** Closes an ear that a call of `listen` has opened. */
  | { readonly kind: 'close'; readonly id: string; readonly ear: string };

/** A line for people. */
export function describe(step: Step): string {
  switch (step.kind) {
    case 'call':
      return `${step.id} ${step.by}: ${step.port}.${step.method}(${step.args.map((arg) => JSON.stringify(arg)).join(', ')})`;
    case 'pass':
      return `${step.id} ${step.ms} ms pass`;
    case 'abort':
      return `${step.id} ${step.by}: its wait is aborted`;
    case 'close':
      return `${step.id} the ear ${step.ear} is closed`;
  }
}
