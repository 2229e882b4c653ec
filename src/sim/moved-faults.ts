/**
 * The same fault elsewhere: in an earlier life of its process, in the first attempt of its task, on a node of a smaller number.
 *
 * What the keys of faults look like is known here and where they are made: `n2.3.1/tasks.claim/work/7` is a call of the third life of `n2`,
 * `n2/14` the fourteenth second of that process, `work/locked/5/2` the second attempt of a task.
 */
import { type Fault, faultKinds } from './faults.ts';

/** Places for the fault that need less to come about, the earliest first. */
export function inEarlierLife(fault: Fault): readonly Fault[] {
  const where = faultKinds[fault.kind];
  if (where === 'call') {
    const [, name, life, part, rest] = /^(.+?)\.(\d+)\.(\d+)(\/.*)$/s.exec(fault.at) ?? [];
    if (name === undefined || (life === '1' && part === '1')) return [];
    const lives = [...new Set([1, Number(life) - 1, Number(life)])].filter((number) => number >= 1);
    return lives.map((number) => ({ ...fault, at: `${name}.${number}.1${rest}` })).filter(({ at }) => at !== fault.at);
  }
  if (where !== 'handler') return [];
  const [, rest, attempt] = /^(.*\/)(\d+)$/s.exec(fault.at) ?? [];
  return rest === undefined || attempt === '1' ? [] : [{ ...fault, at: `${rest}1` }];
}

/** The faults with the nodes that they name counted from 1 again, none of them above `nodes`. */
export function onFirstNodes(faults: readonly Fault[], nodes: number): readonly Fault[] {
  const names = new Map<string, string>();
  const renamed = (name: string): string => {
    const known = names.get(name) ?? `n${(names.size % nodes) + 1}`;
    names.set(name, known);
    return known;
  };
  return faults.map((fault) => ({ ...fault, at: fault.at.replace(/^n\d+(?=[./])/, renamed) }));
}
