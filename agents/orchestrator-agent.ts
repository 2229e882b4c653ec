/**
 * Audits a repository: splits the work into checks, gives them to the pool of audit agents, tells how far they are, and has
 * the docs agent write down what they found.
 *
 * It handles one audit at a time and waits on tasks, which whoever is free takes, never on an agent that waits for it.
 */
import { resolve } from 'node:path';
import { Agent, HandlerError, onTask, type Task, type TaskHandle, TerminalError } from 'agent-runtime';
import { checks } from './checks/catalogue.ts';
import type { Check, CheckReport } from './checks/check.ts';
import { auditFinished, auditRepository, auditStarted, checkDone, runOneCheck, writeReport } from './contracts.ts';
import { directoryAt } from './directory.ts';
import { failedReport, fitting, sumUp } from './results.ts';

type Audit = Task<typeof auditRepository>;

export class OrchestratorAgent extends Agent {
  @onTask(auditRepository)
  async audit(task: Audit) {
    const startedAt = this.clock.monotonic();
    const path = await directoryAt(task.input.path);
    if (task.redelivered) this.log.warn(`auditing ${path} again: an earlier attempt was cut short`);
    await this.broadcast(auditStarted, { path, checks: checks.length });

    const results = await this.#check(task, path);
    const reports = results.map(({ report }) => report);
    const failedChecks = results.filter(({ failed }) => failed).length;
    const seconds = Math.round((this.clock.monotonic() - startedAt) / 100) / 10;
    const report = await this.#write(task, path, reports, { 'failed checks': failedChecks, seconds });

    const sums = sumUp(reports);
    await this.broadcast(auditFinished, { path, report, findings: sums.findings, failedChecks });
    return { report, checks: checks.length, ...sums, failedChecks, seconds };
  }

  /** Every check as a child of this task, in the order of the catalogue; told as they end. A later attempt joins them. */
  async #check(task: Audit, path: string) {
    const inputs = checks.map((check) => ({ check: check.name, path }));
    const children = await task.fanOut(runOneCheck, inputs, { onFailure: 'collect', deadline: '1h' });
    let done = 0;
    return Promise.all(
      checks.map(async (check, index) => {
        const result = await this.#resultOf(check, children.handles[index]!, task.signal);
        const { total: findings } = result.report;
        await task.progress(++done, checks.length, `${check.name}: ${result.failed ? 'failed' : plural(findings)}`);
        await this.broadcast(checkDone, { path, check: check.name, findings, failed: result.failed });
        return result;
      }),
    );
  }

  /** A check that failed for good becomes part of the report; anything else, such as a shutdown, ends this attempt. */
  async #resultOf(check: Check, handle: TaskHandle<CheckReport>, signal: AbortSignal) {
    try {
      return { report: await handle.result({ signal }), failed: false };
    } catch (error) {
      if (!(error instanceof HandlerError)) throw error;
      this.log.error(`${check.name} failed for good: ${error.message}`);
      return { report: failedReport(check, error.message), failed: true };
    }
  }

  /** The docs agent has tried as often as it may; auditing again would not help it. */
  async #write(task: Audit, path: string, reports: readonly CheckReport[], counts: Record<string, number>) {
    const input = { path, output: resolve(task.input.output), reports: fitting(reports), counts };
    const handle = await this.enqueue(writeReport, input, { priority: 'high' });
    try {
      return (await handle.result({ signal: task.signal })).report;
    } catch (cause) {
      if (!(cause instanceof HandlerError)) throw cause;
      throw new TerminalError(`the audit is done, but its report was not written: ${cause.message}`, { cause });
    }
  }
}

function plural(findings: number): string {
  return findings === 1 ? '1 finding' : `${findings} findings`;
}
