/**
 * Runs the checks of an audit, one at a time. Agents of a pool are interchangeable: any of them takes any check, and when
 * one is lost, another runs its check again.
 */
import { Agent, onTask, type Task } from 'agent-runtime';
import { runCheck } from './checks/catalogue.ts';
import { checkStarted, runOneCheck } from './contracts.ts';
import { directoryAt } from './directory.ts';

export class AuditAgent extends Agent {
  @onTask(runOneCheck)
  async check(task: Task<typeof runOneCheck>) {
    const { check } = task.input;
    const path = await directoryAt(task.input.path);
    await this.broadcast(checkStarted, { path, check, attempt: task.attempt });

    const report = await runCheck(check, path, {
      signal: task.signal, // timeout, deadline, lost lease and shutdown all end the check here
      onProgress: (files, total) => task.progress(files, total, check),
    });

    this.log.info(`${check} done`, { findings: report.total, skipped: report.skippedTotal });
    return report;
  }
}
