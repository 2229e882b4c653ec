/**
 * Envelopes on the wire: whole or refused, within their limits, before anything is parsed.
 */
import { describe, expect, test } from 'vitest';
import {
  decodeEnvelope,
  decodePayload,
  encodeEnvelope,
  encodePayload,
  type Envelope,
} from '../../../src/core/envelope.ts';
import { limits } from '../../../src/core/limits.ts';

const envelope: Envelope = {
  v: 1,
  opId: 'op1',
  kind: 'task',
  from: 'client',
  via: 'p1',
  to: 'audit',
  name: 'audit',
  data: { path: 'Grüße 日本語 🤖', nested: [1, null, { deep: true }] },
  sentAt: 1_700_000_000_000,
  deadline: 1_700_000_060_000,
  trace: { id: 'trace1', asks: ['docs'] },
  policy: { retries: 3, resultTtlMs: 60_000 },
};

const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
const refused = (code: string) => expect.objectContaining({ name: 'DeliveryError', code });

describe('an envelope', () => {
  test('comes back from the wire as it was', () => {
    expect(decodeEnvelope(encodeEnvelope(envelope))).toEqual(envelope);
    const { deadline: _deadline, policy: _policy, ...bare } = envelope;
    expect(decodeEnvelope(encodeEnvelope(bare))).toEqual(bare);
  });

  test('says nothing twice: neither the address of a sender that is called by it, nor the story that begins with it', () => {
    const first = { ...envelope, via: 'client', trace: { id: 'op1', asks: [] } };
    const text = encodeEnvelope(first);
    expect(Object.keys(JSON.parse(text) as object).filter((field) => field === 'via' || field === 'trace')).toEqual([]);
    expect(decodeEnvelope(text)).toEqual(first);
    const asked = { ...first, trace: { id: 'op1', asks: ['docs'] } };
    expect(decodeEnvelope(encodeEnvelope(asked))).toEqual(asked);
  });

  test.each(['v', 'opId', 'kind', 'from', 'to', 'name', 'sentAt'])('without %s is malformed', (field) => {
    const half = JSON.stringify({ ...envelope, [field]: undefined });
    expect(() => decodeEnvelope(half)).toThrow(refused('malformed'));
  });

  test.each([
    { v: 2 },
    { opId: 5 },
    { sentAt: '5' },
    { deadline: 'soon' },
    { trace: null },
    { trace: { id: 1, asks: [] } },
    { trace: { id: 'x', asks: 'docs' } },
  ])('with %j is malformed', (wrong) => {
    expect(() => decodeEnvelope(JSON.stringify({ ...envelope, ...wrong }))).toThrow(refused('malformed'));
  });

  test.each(['', 'null', '5', '"x"', '[]', '{}', '{"v":1', 'undefined'])('%j is no envelope', (text) => {
    expect(() => decodeEnvelope(text)).toThrow(refused('malformed'));
  });
});

describe('a payload', () => {
  test('may be as large as the limit, in bytes of UTF-8, and no larger', () => {
    const fits = 'x'.repeat(limits.payloadBytes - 2);
    expect(encodePayload(fits, 'it')).toHaveLength(limits.payloadBytes);
    expect(() => encodePayload(`${fits}x`, 'it')).toThrow(refused('payload-too-large'));
    expect(() => encodePayload('é'.repeat(limits.payloadBytes / 2), 'it')).toThrow(refused('payload-too-large'));
  });

  test.each([
    ['a cycle', cycle()],
    ['a bigint', 5n],
    ['undefined', undefined],
    ['a function', () => {}],
  ])('that is %s is refused as invalid', (_, value) => {
    expect(() => encodePayload(value, 'task "audit"')).toThrow(refused('invalid-payload'));
    expect(() => encodePayload(value, 'task "audit"')).toThrow(/task "audit"/);
  });

  test('may be nested as deep as the limit, and no deeper', () => {
    expect(decodePayload(nested(limits.payloadDepth))).toBeDefined();
    expect(() => decodePayload(nested(limits.payloadDepth + 1))).toThrow(refused('malformed'));
    expect(() => decodePayload(nested(limits.payloadBytes - 1))).toThrow(refused('malformed'));
  });

  test('nested deeper than a receiver takes is refused at its sender', () => {
    const deep = JSON.parse(nested(limits.payloadDepth + 1)) as unknown;
    expect(() => encodePayload(deep, 'it')).toThrow(refused('invalid-payload'));
    expect(encodePayload(JSON.parse(nested(limits.payloadDepth)), 'it')).toBe(nested(limits.payloadDepth));
  });

  test.each(['{"__proto__":{}}', '[{"a":{"__proto__" : 1}}]', '{"\\u005f_proto__":{}}', '{"__\\u0070roto__":{}}'])(
    'such as %s is refused on both sides',
    (text) => {
      expect(() => decodePayload(text)).toThrow(refused('malformed'));
      expect(() => encodePayload(JSON.parse(text), 'it')).toThrow(refused('invalid-payload'));
    },
  );

  test.each(['"__proto__"', '{"a":"\\"__proto__\\":"}', '{"proto__":1}', '["__proto__",{"\\u0070":1}]'])(
    'such as %s only looks alike',
    (text) => {
      const value = JSON.parse(text) as unknown;
      expect(decodePayload(text)).toEqual(value);
      expect(decodePayload(encodePayload(value, 'it'))).toEqual(value);
    },
  );

  test('is measured by its own brackets, not by those inside of strings', () => {
    const text = JSON.stringify({ a: '['.repeat(500), 'b"[[': '\\"{{{{', c: '\\' });
    expect(decodePayload(text)).toEqual(JSON.parse(text));
    const wide = `[${'{},'.repeat(1_000)}[]]`;
    expect(decodePayload(wide)).toHaveLength(1_001);
    expect(() => decodePayload(`{"a":"\\"","b":${nested(limits.payloadDepth)}}`)).toThrow(refused('malformed'));
  });

  test('that is far too long is refused before it is parsed, and quoted only in part', () => {
    const text = `"${'x'.repeat(3 * limits.payloadBytes)}"`;
    expect(() => decodePayload(text)).toThrow(refused('malformed'));
    expect(() => decodePayload(text)).toThrow(/^.{0,200}$/);
  });
});

function cycle(): object {
  const self: { self?: object } = {};
  self.self = self;
  return self;
}
