/**
 * The door for tests: everything users import from `agent-runtime/testing`. A whole fleet in one thread under virtual time, explored
 * under many seeds. Apart from the front door, so that production never loads the simulation.
 */
export { simulate } from './sim/simulation.ts';
export type { Simulation } from './sim/simulation.ts';
export type { SettleOptions, SimulateOptions } from './sim/options.ts';
export { explore } from './sim/explore.ts';
export type { Attempt, Exploration, ExploreOptions, Scenario, Variant } from './sim/explore.ts';
export { shrink } from './sim/shrink.ts';
export type { Shrunk, ShrinkOptions } from './sim/shrink.ts';
export { artifactOf, readArtifact, replay, saveArtifact } from './sim/artifact.ts';
export type { Artifact, ReplayOptions } from './sim/artifact.ts';
export { diagramOf, saveDiagram } from './sim/diagram.ts';
export { keepFailure } from './sim/keep.ts';
export type { Kept } from './sim/keep.ts';
export { faultKinds } from './sim/faults.ts';
export type { Fault, FaultKind, FaultRates } from './sim/faults.ts';
export type { Violation } from './sim/ledger.ts';
export type { TraceLine } from './sim/trace.ts';
export type { GlobalsMode, Leak } from './sim/globals.ts';
export { ModelError, modelStub } from './sim/model-stub.ts';
export type { ModelStub, ModelStubOptions } from './sim/model-stub.ts';
export type { HttpRoute, HttpStubs } from './sim/http.ts';
export type { OutsideRequest } from './sim/outside.ts';
