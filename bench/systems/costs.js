/**
 * A node with an agent for each verb, whose handlers can be held back until so many have come, so that what travels together does so
 * however busy the machine is.
 */
import { z } from 'zod';
import { Agent, broadcast, message, pool, single, start, task } from './ours.js';
import { outputOf } from '../run/tally.js';

const Input = z.object({ n: z.int(), text: z.string() });
const Output = z.object({ n: z.int(), twice: z.int() });

/** Lets callers through in groups, the last one of as many as are left. */
class Gate {
  #group;
  #open = [];

  constructor(group) {
    this.#group = group;
  }

  pass(left) {
    return new Promise((resolve) => {
      this.#open.push(resolve);
      if (this.#open.length < Math.min(this.#group, left)) return;
      for (const open of this.#open.splice(0)) open();
    });
  }
}

/** `isQuiet`: its heartbeat is so slow that hardly one falls into what is counted. */
export async function openNode({ url, abreast, others, isQuiet }) {
  const counts = { gated: 0, settled: 0, heard: 0, noted: 0 };
  const gate = new Gate(abreast);
  class DoubleAgent extends Agent {
    static handlers = { double: task(Input, Output), gated: task(Input, Output) };
    double({ input }) {
      return outputOf(input.n);
    }
    async gated({ input }) {
      await gate.pass(counts.gated);
      counts.gated -= 1;
      return outputOf(input.n);
    }
  }
  class EarAgent extends Agent {
    static handlers = { echo: message(Input, Output), note: message(Input), hear: broadcast('numbers', Input) };
    echo({ data }) {
      return outputOf(data.n);
    }
    note() {
      counts.noted += 1;
    }
    hear() {
      counts.heard += 1;
    }
  }
  class IdleAgent extends Agent {
    static handlers = { note: message() };
    note() {}
  }
  const agents = [
    pool(DoubleAgent, { concurrency: abreast }),
    single(EarAgent, { id: 'ear' }),
    pool(IdleAgent, { size: others }),
  ];
  const onSettled = ({ outcome }) => {
    if (outcome === 'complete') counts.settled += 1;
  };
  const timing = isQuiet ? { presenceLease: '90s', heartbeat: '30s' } : undefined;
  const running = await start(url, agents, { onSettled, timing });
  return { fleet: running.fleet, counts, DoubleAgent, close: () => running.stop({ graceMs: 0 }) };
}
