/**
 * A Node process that runs one TypeScript file with tsx, and nothing else: the least that a start can take.
 */
import { launch, project, remove } from './start.js';

const file = `import { writeSync } from 'node:fs';
const said: string = '{word}\\n';
writeSync(1, said);
setInterval(() => {}, 1_000);
`;

export async function openStart() {
  const folder = project({ 'first.ts': file });
  return { launch: () => launch(folder, ['--import', 'tsx', 'first.ts']), close: () => remove(folder) };
}
