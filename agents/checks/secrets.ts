/**
 * Strings that look like secrets, with their places and never with their values.
 *
 * Private keys and tokens known by their form are errors. Passwords in URLs and random-looking values assigned to names
 * such as password or token are warnings, because some are examples. Lines are searched up to 4,096 characters; files
 * that `.gitignore` names are not searched, since they are not published.
 */
import type { Check } from './check.ts';
import { Findings } from './findings.ts';
import { linesOf } from './lines.ts';
import { secretsIn } from './secret-patterns.ts';

/** Hashes of packages, which look random because they are, and are no secrets. */
const LOCK_FILE =
  /(?:^|\/)(?:package-lock\.json|npm-shrinkwrap\.json|yarn\.lock|pnpm-lock\.yaml|bun\.lock|composer\.lock|poetry\.lock|Cargo\.lock|go\.sum)$/;

export const secrets: Check = {
  name: 'secrets',
  title: 'Strings that look like secrets',
  async run(tree, signal) {
    const findings = new Findings();
    let files = 0;
    for await (const file of tree.texts((candidate) => !LOCK_FILE.test(candidate.path))) {
      signal.throwIfAborted();
      files += 1;
      for (const line of linesOf(file.text)) {
        for (const { kind, start, end, certain } of secretsIn(line.text)) {
          const message = `${kind}: [redacted, ${end - start} characters]`;
          findings.add(certain ? 'error' : 'warning', message, file.path, line.number);
        }
      }
    }
    return { findings, facts: { 'files searched': files } };
  },
};
