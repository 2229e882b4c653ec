/**
 * Runs the commands that the orchestrator gives to the role `audit`: checks of the project's example fleet, over real files.
 *
 * A task that a PHP agent has enqueued is a task like any other: leased, run again when its node is lost, answered once.
 */
import { Agent, onTask, type Task } from 'agent-runtime';
import { z } from 'zod';
import { runCheck } from '../../../agents/checks/catalogue.ts';

const Input = z.object({ command: z.string(), folder: z.string() });

export class AuditAgent extends Agent {
  @onTask('audit', Input, undefined, { retries: 2, timeout: '5m' })
  async audit(task: Task<typeof Input>) {
    const { command, folder } = task.input;
    const report = await runCheck(command, folder, {
      signal: task.signal,
      onProgress: (files, total) => task.progress(files, total, command), // classic agents hear it as a broadcast
    });
    const [worst] = report.findings;
    return {
      by: this.id,
      language: 'TypeScript',
      findings: report.total,
      worst: worst ? `${worst.file ?? '.'}: ${worst.message}` : null,
    };
  }
}
