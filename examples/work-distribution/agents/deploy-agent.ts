/**
 * Puts a page that is ready into the site, in one step: nobody who looks at the site sees half a page.
 */
import { createHash } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Agent, onTask, type Task } from 'agent-runtime';
import { z } from 'zod';
import { Page } from '../page.ts';

const Ready = Page.extend({ draft: z.string() });

export class DeployAgent extends Agent {
  @onTask('deploy', Ready)
  async deploy({ input }: Task<typeof Ready>) {
    const text = await readFile(input.draft);
    const page = join(input.site, basename(input.source));
    await writeFile(`${page}.new`, text);
    await rename(`${page}.new`, page);
    const sha256 = createHash('sha256').update(text).digest('hex');
    return { ...input, page, sha256, done: [...input.done, `deploy by ${this.id}`] };
  }
}
