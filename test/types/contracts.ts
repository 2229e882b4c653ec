/**
 * Schemas and contracts that the type tests share. They live outside the classes that use them, as users' do.
 */
import { defineBroadcast, defineMessage, defineTask } from 'agent-runtime';
import { z } from 'zod';

export const AuditInput = z.object({ path: z.string(), depth: z.number().default(1) });
export const AuditReport = z.object({ score: z.number(), note: z.string().default('') });

export const summarise = defineTask('summarise.v2', {
  role: 'docs',
  input: z.object({ text: z.string(), words: z.number().default(50) }),
  output: z.object({ summary: z.string(), at: z.string().transform((text) => text.length) }),
});
export const homeless = defineTask('homeless', { input: z.string(), output: z.number(), retries: 1 });
export const whoEdits = defineMessage('who-edits', {
  data: z.object({ file: z.string() }),
  reply: z.object({ agent: z.string() }),
});
export const poke = defineMessage('poke', { data: z.object({ times: z.number().default(1) }) });
export const changed = defineBroadcast('docs.changed', { data: z.object({ file: z.string() }) });
