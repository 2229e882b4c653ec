/**
 * What may arrive on the keys and channels of classic agents and is none of what they say: kinds of malformed input, as bytes.
 */
import { entry } from './rig/entries.ts';

const deep = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);
const megabytes = 5 * 1024 * 1024;
const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');
const withMetadata = (json: string): string => entry({ metadata: 0 }).replace('"metadata":0', `"metadata":${json}`);

/** None of these is an object in JSON, whatever it is meant to be. */
const never: Readonly<Record<string, string | Buffer>> = {
  'the empty text that PHP writes for what it cannot encode': '',
  blanks: '  \n',
  'half an object': '{"taskId":"t',
  'no JSON': 'task_1 for audit',
  'two objects': '{}{}',
  'a trailing comma': '{"taskId":"t",}',
  'single quotes': "{'taskId':'t'}",
  'what PHP serializes': 'a:1:{s:5:"admin";b:1;}',
  'NaN of Python': '{"taskId":"t","n":NaN}',
  'a bare word': 'None',
  null: 'null',
  'a number': '42',
  'a large number': '1e999999',
  true: 'true',
  'a text': '"text"',
  'a list': '[]',
  'a list of objects': '[{"taskId":"t"}]',
  'control characters': '\u0000\u001e\u001f',
  'a byte order mark': '\ufeff{"taskId":"t"}',
  'a nesting of 100,000': deep(100_000),
  'an open nesting of 100,000': '{"a":'.repeat(100_000),
  'five megabytes of text': 'x'.repeat(megabytes),
  'five megabytes of a list': `[${'1,'.repeat(megabytes / 2)}1]`,
  'bytes that are no UTF-8': Buffer.from([0xff, 0xfe, 0xfd]),
};

/** Objects that lack something, or have something else in its place; for any record. */
const objects: Readonly<Record<string, string | Buffer>> = {
  'an empty object': '{}',
  'a prototype': '{"__proto__":{"admin":true}}',
  'a prototype that is spelt otherwise': '{"\\u005f_proto__":{"admin":true}}',
};

/** Entries of `task:queue` for the fleet, or for nobody. */
const entries: Readonly<Record<string, string | Buffer>> = {
  'no taskId': entry({ taskId: undefined }),
  'an empty taskId': entry({ taskId: '' }),
  'a number as taskId': entry({ taskId: 7 }),
  'a list as taskId': entry({ taskId: ['t'] }),
  'no assignee': entry({ assignee: undefined }),
  'an empty assignee': entry({ assignee: '' }),
  'null as assignee': entry({ assignee: null }),
  'a list as assignee': entry({ assignee: ['audit'] }),
  'an object as assignee': entry({ assignee: { name: 'audit' } }),
  'no task': entry({ task: undefined }),
  'an empty task': entry({ task: '' }),
  'true as task': entry({ task: true }),
  'no creator': entry({ creator: undefined }),
  'a number as creator': entry({ creator: 1 }),
  'no createdAt': entry({ createdAt: undefined }),
  'a number as createdAt': entry({ createdAt: 1 }),
  'a list as status': entry({ status: [] }),
  'a prototype in the metadata': withMetadata('{"__proto__":{"admin":true}}'),
  'a prototype deep in the metadata': withMetadata('{"list":[{"\\u005f_proto__":{"admin":true}}]}'),
  'metadata nested 100,000 deep': withMetadata(deep(100_000)),
  'metadata nested a little too deep': withMetadata(deep(100)),
  'metadata of five megabytes': withMetadata(`"${'x'.repeat(megabytes)}"`),
  'metadata that is no UTF-8': latin1(withMetadata('"caf\u00e9"')),
  'a task that is no UTF-8': latin1(entry({ task: 'caf\u00e9' })),
};

export const malformedEntries = Object.entries({ ...never, ...objects, ...entries });
export const malformedRecords = Object.entries({ ...never, ...objects });

/** Fields of an entry of `events:stream`. */
export const malformedEvents: readonly (readonly [string, readonly (string | Buffer)[]])[] = [
  ['nothing of an event', ['a', 'b']],
  ['no agent', ['message', 'm', 'metadata', '{}']],
  ['no message', ['agent', 'a', 'metadata', '{}']],
  ['no metadata', ['agent', 'a', 'message', 'm']],
  ['an empty agent', ['agent', '', 'message', 'm', 'metadata', '{}']],
  ['metadata that is a prototype', ['agent', 'a', 'message', 'm', 'metadata', '{"__proto__":{"admin":true}}']],
  ['metadata nested 100,000 deep', ['agent', 'a', 'message', 'm', 'metadata', deep(100_000)]],
  ['metadata of five megabytes', ['agent', 'a', 'message', 'm', 'metadata', 'x'.repeat(megabytes)]],
  ['metadata that is no JSON', ['agent', 'a', 'message', 'm', 'metadata', '{']],
  ['metadata that is a number', ['agent', 'a', 'message', 'm', 'metadata', '7']],
  ['a message that is no UTF-8', ['agent', 'a', 'message', Buffer.from([0xff]), 'metadata', '{}']],
];
