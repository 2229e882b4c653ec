/**
 * Tells on the terminal what the node processes print and what becomes of them, each line behind the name of its process.
 *
 * The sentences of the supervisor process, as narrate.ts has those of a node; the report of a hang is kept where it is told.
 */
import { join, relative } from 'node:path';
import type { CliContext } from './context.ts';
import type { Place, Told } from './node-processes.ts';
import { bad, faint, name, warning } from './render/colours.ts';
import { plain, span } from './render/text.ts';
import { keepReport } from './reports.ts';

/** `projectDir`: where reports are kept, below `.runtime/`. */
export function narrateProcesses(context: CliContext, places: readonly Place[], projectDir: string): Told {
  const { output, clock, cwd } = context;
  const width = Math.max(...places.map((place) => place.name.length));
  const folder = join(projectDir, '.runtime', 'reports');
  return {
    line: (place, line, stream) => output[stream](`${faint(`${place.name.padEnd(width)} |`)} ${line}`),
    hung: (place, pid, silentMs) =>
      output.err(
        `${bad('!')} ${label(place, pid)} has made no progress for ${span(silentMs)}: it is asked for a report and replaced`,
      ),
    killed(place, report) {
      if (report === undefined)
        return output.err(
          `${bad('!')} ${name(place.name)} gave no report: it is stopped, or busy outside JavaScript; it was killed`,
        );
      const { file, at } = keepReport(folder, place.name, report, clock);
      const where = at === undefined ? '' : ` was in ${plain(at)};`;
      output.err(`${bad('!')} ${name(place.name)}${where} it was killed, its report is ${plain(relative(cwd, file))}`);
    },
    restarting(place, pid, why, afterMs) {
      const when = afterMs === undefined ? 'is started anew' : `restarts in ${span(afterMs)}`;
      output.err(`${warning('!')} ${label(place, pid)} ${plain(why)}; it ${when}`);
    },
    drained: (place) => output.out(faint(`- ${place.name} has drained, and is not started again`)),
  };
}

function label(place: Place, pid: number | undefined): string {
  return `${name(place.name)} ${faint(`(pid ${pid ?? 'unknown'})`)}`;
}
