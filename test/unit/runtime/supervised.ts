/**
 * A supervisor over cells whose agents do what the test says, and the log of what happens to them.
 */
import { Agent, onMessage, onStart, onStop } from 'agent-runtime';
import type { AgentContext } from '../../../src/agent/context.ts';
import { handlersOf } from '../../../src/agent/handlers.ts';
import { Observer } from '../../../src/core/observer.ts';
import { Cell } from '../../../src/runtime/cell.ts';
import type { CellSupervision } from '../../../src/runtime/cell-spec.ts';
import { CellLife } from '../../../src/runtime/cell-life.ts';
import { LifecycleBook } from '../../../src/runtime/lifecycle-book.ts';
import { Supervisor } from '../../../src/runtime/supervisor.ts';
import type { Work } from '../../../src/runtime/work.ts';
import { SeededRandom } from '../../../src/sim/seeded-random.ts';
import { VirtualClock } from '../../../src/sim/virtual-clock.ts';

type Hook = () => unknown;

export function open() {
  const clock = new VirtualClock();
  const log: string[] = [];
  const escalated: string[] = [];
  const running: { cell: Cell; end(): void }[] = [];
  const observer = new Observer();
  observer.on('agent.down', ({ agent }) => void log.push(`${agent} down`));
  const service = {
    serve: (cell: Cell) => void log.push(`${cell.id} served`),
    leave: (cell: Cell) => void log.push(`${cell.id} left`),
  };
  const held = new Set<Cell>();
  const activation = {
    claim(cells: readonly Cell[]) {
      const granted = cells.filter(({ id }) => !id.startsWith('standby'));
      for (const cell of granted) held.add(cell);
      return Promise.resolve(granted);
    },
    get held() {
      return [...held];
    },
    cease: () => Promise.resolve(),
    giveBack(cell: Cell) {
      held.delete(cell);
      return Promise.resolve(void log.push(`${cell.id} given back`));
    },
  };
  const logs = { record: () => Promise.resolve() } as never;
  const lifecycle = new LifecycleBook({ clock, observer, logs, node: 'n1' });
  const life = new CellLife({
    clock,
    observer,
    activation: activation as never,
    lifecycle,
    services: [service],
    handBack: (cell, work) => Promise.resolve(void log.push(`${cell.id} hands back ${work.kind}`)),
  });
  const supervisor = new Supervisor({
    clock,
    random: new SeededRandom(1),
    observer,
    activation: activation as never,
    life,
    lifecycle,
    graceMs: 25_000,
    onEscalate: (of, error, group) => void escalated.push(`${of.id} of ${group.name}: ${(error as Error).message}`),
  });
  const cell = (id: string, hooks: { start?: Hook; stop?: Hook } = {}, supervision?: CellSupervision): Cell => {
    class TestAgent extends Agent {
      static readonly role = id;
      @onStart() async begin(): Promise<void> {
        log.push(`${id} starts`);
        await hooks.start?.();
      }
      @onStop() async end(): Promise<void> {
        log.push(`${id} stops`);
        await hooks.stop?.();
      }
      @onMessage('x') x(): void {}
    }
    const table = handlersOf(TestAgent);
    return new Cell(
      {
        id,
        Class: TestAgent,
        table,
        kind: 'single',
        concurrency: 1,
        mailboxLimit: 10,
        overflow: 'reject',
        ...(supervision && { supervision }),
      },
      {
        contextFor: () => ({}) as AgentContext,
        execute: (of) => new Promise((resolve) => running.push({ cell: of, end: resolve })),
        onEnded: () => {},
        onPushedOut: () => {},
        onGivenUp: () => {},
        onHaunted: (of) => void supervisor.fail(of, new Error('haunted')),
        within: (_, body) => body(),
        onFailure: (of, error) => void supervisor.fail(of, error),
        onFinished: (of) => void supervisor.finish(of),
        onRoom: () => {},
      },
    );
  };
  return { clock, supervisor, log, escalated, running, cell };
}

export const work = { kind: 'message', entry: { entry: '1-0', opId: 'o', envelope: '{}', redelivered: false } } as Work;
