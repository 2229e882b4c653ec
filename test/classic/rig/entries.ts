/**
 * The entry of a task, as PHP writes it: for tests and rigs.
 */
export function entry(fields: Readonly<Record<string, unknown>> = {}): string {
  return JSON.stringify({
    taskId: 'task_1',
    creator: 'php-a',
    assignee: 'audit',
    task: 'check',
    metadata: {},
    createdAt: '2026-11-22T14:26:49+00:00',
    status: 'pending',
    ...fields,
  });
}
