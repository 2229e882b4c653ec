/**
 * Writes the audit's findings into `agents.md`, and knows who wrote it last.
 *
 * It holds the lock `agents.md` meanwhile, so that no other agent, in whatever language, edits the file at the same time;
 * and it replaces the file in one step, so that nobody ever reads half a report.
 */
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Agent, type Message, onMessage, onTask, type Task, TerminalError } from 'agent-runtime';
import { docsWritten, whoEdits, writeReport } from './contracts.ts';
import { renderReport } from './report.ts';

const FILE = 'agents.md';

export class DocsAgent extends Agent {
  #written = 0;
  #last: { report: string; path: string; writtenAt: string } | null = null;

  @onTask(writeReport, { lock: FILE })
  async write(task: Task<typeof writeReport>) {
    const { path, output, reports, counts } = task.input;
    const report = join(output, FILE);
    const writtenAt = new Date(this.clock.now()).toISOString();
    await makeDirectory(output);
    await this.#replace(report, renderReport({ path, reports, counts, finishedAt: writtenAt }), task.signal);

    this.#written += 1;
    this.#last = { report, path, writtenAt };
    this.log.info(`wrote ${report}`);
    await this.broadcast(docsWritten, { path, report });
    return { report };
  }

  @onMessage(whoEdits)
  whoEdits({ data }: Message<typeof whoEdits>) {
    return data.file === FILE ? { agent: this.id, last: this.#last } : { agent: null, last: null };
  }

  /** Without a contract: any caller may ask, `runtime send docs status` included, and takes the answer as it is. */
  @onMessage('status')
  override status() {
    return { written: this.#written, last: this.#last };
  }

  /** The signal aborts when the lock is lost: then somebody else may be writing, and our text stays out of the way. */
  async #replace(file: string, text: string, signal: AbortSignal): Promise<void> {
    const draft = `${file}.${this.random.id('draft')}.tmp`;
    try {
      await writeFile(draft, text, { flag: 'wx', signal });
      signal.throwIfAborted();
      await rename(draft, file);
    } finally {
      await rm(draft, { force: true });
    }
  }
}

async function makeDirectory(path: string): Promise<void> {
  await mkdir(path, { recursive: true }).catch((cause: unknown) => {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new TerminalError(
      `expected output to be a directory that can be made, got: ${JSON.stringify(path)} (${reason})\nGive a folder that this user may write to.`,
      { cause },
    );
  });
}
