/**
 * What travels through the pipeline: a page, and what each stage adds to it. A contract between languages, so it is checked on the way in.
 */
import { z } from 'zod';

export const Page = z.looseObject({
  /** The Markdown file that is released. */
  source: z.string(),
  /** The folder of the site. */
  site: z.string(),
  /** The stages behind it, with who did them. */
  done: z.array(z.string()),
});
export type Page = z.infer<typeof Page>;
