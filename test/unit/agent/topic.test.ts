import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileTopic } from '../../../src/agent/topic.ts';

function matches(pattern: string, topic: string): boolean {
  const compiled = compileTopic(pattern);
  if (typeof compiled === 'string') throw new Error(`not a pattern: ${pattern}`);
  return compiled.matches(topic);
}

const segment = fc.stringMatching(/^[a-c]{1,2}$/);
const topic = fc.array(segment, { minLength: 1, maxLength: 4 }).map((segments) => segments.join('.'));

describe('a topic pattern', () => {
  test.each([
    ['docs.changed', 'docs.changed', true],
    ['docs.changed', 'docs.changed.now', false],
    ['docs.*', 'docs.changed', true],
    ['docs.*', 'docs', false],
    ['docs.*', 'docs.', false],
    ['docs.*', 'docs.a.b', false],
    ['*.changed', 'docs.changed', true],
    ['docs.**', 'docs', true],
    ['docs.**', 'docs.a.b', true],
    ['docs.**', 'docsx.a', false],
    ['*.**', 'a', true],
    ['**', '', true],
    ['**', 'Task completed: task_1.', true],
    ['Task completed: task_1', 'Task completed: task_1', true],
    ['*', 'Task completed: task_1', true],
    ['a+b', 'aab', false],
  ])('%s and the topic "%s": %s', (pattern, name, expected) => {
    expect(matches(pattern, name)).toBe(expected);
  });

  test.each(['', '**.a', 'a.**.b', 'doc*', 'a..*', '.*', 'a.***', '* *'])('"%s" is refused with a rule', (pattern) => {
    expect(compileTopic(pattern)).toEqual(expect.any(String));
  });

  test('without a wildcard matches exactly itself, whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.string(), (pattern, other) => {
        fc.pre(!pattern.includes('*'));
        expect(matches(pattern, pattern)).toBe(true);
        expect(matches(pattern, other)).toBe(pattern === other);
      }),
    );
  });

  test('"**" matches every text', () => {
    fc.assert(fc.property(fc.string(), (text) => matches('**', text)));
  });

  test('made from a topic by putting "*" for some segments matches the topic', () => {
    fc.assert(
      fc.property(topic, fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }), (name, wild) => {
        const pattern = name.split('.').map((text, index) => (wild[index] ? '*' : text));
        expect(matches(pattern.join('.'), name)).toBe(true);
        expect(matches([...pattern, '**'].join('.'), name)).toBe(true);
        expect(matches([...pattern, '**'].join('.'), `${name}.more.yet`)).toBe(true);
        if (wild.some(Boolean)) expect(matches([...pattern, '*'].join('.'), name)).toBe(false);
      }),
    );
  });

  test('agrees with the regular expression that says the same', () => {
    const part = fc.oneof(segment, fc.constant('*'));
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 3 }), fc.boolean(), topic, (parts, open, name) => {
        const heads = parts.map((text) => (text === '*' ? '[^.]+' : text)).join('\\.');
        const expected = new RegExp(`^${heads}${open ? '(\\..*)?' : ''}$`).test(name);
        expect(matches([...parts, ...(open ? ['**'] : [])].join('.'), name)).toBe(expected);
      }),
    );
  });
});
