/**
 * What a simulation tells the test that drives it: an invariant does not hold, something does not come about, a node is none.
 *
 * No error of the runtime: it is about the fleet under test, and never thrown inside of it.
 */
import { RuntimeError } from '../core/errors.ts';

export class SimulationError extends RuntimeError {
  constructor(message: string) {
    super('simulation', message);
  }
}
