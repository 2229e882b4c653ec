/**
 * The result of a task for people: the plain values of an object as a list, everything else as JSON; the report last, where
 * the eye looks.
 */
import { good, strong } from './colours.ts';
import { inline, plain, pretty, span } from './text.ts';

export function renderResult(task: string, result: unknown, tookMs: number): string {
  const head = `${good('✔')} ${strong(plain(task))} is done after ${span(tookMs)}`;
  if (result === undefined || result === null) return head;
  if (typeof result !== 'object' || Array.isArray(result)) return `${head}\n${indent(pretty(result))}`;
  const { report, ...values } = result as Readonly<Record<string, unknown>>;
  const fields = Object.entries(values).map(([key, value]) => [plain(words(key)), valueOf(value)] as const);
  const width = Math.max(0, ...fields.map(([key]) => key.length));
  const lines = fields.map(([key, value]) => `  ${key.padEnd(width)}  ${value}`);
  const where = typeof report === 'string' ? [`  ${'report'.padEnd(width)}  ${strong(plain(report))}`] : [];
  return [head, ...lines, ...where].join('\n');
}

function valueOf(value: unknown): string {
  const text = typeof value === 'string' ? plain(value) : inline(value);
  return text.length <= longestValue ? text : `${text.slice(0, longestValue)}…`;
}

const longestValue = 400;

/** `failedChecks` reads `failed checks`. */
function words(key: string): string {
  return key.replace(/([a-z0-9])([A-Z])/g, (_, a: string, b: string) => `${a} ${b.toLowerCase()}`);
}

function indent(text: string): string {
  return text.replace(/^/gm, '  ');
}
