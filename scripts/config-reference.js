// `npm run docs`: writes docs/configuration.md from the schema of the configuration, so that the page can say nothing else
// than the check does. `--check` writes nothing and exits with 1 when the page is not what the schema says.
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { register } from 'tsx/esm/api';

const path = join(dirname(dirname(fileURLToPath(import.meta.url))), 'docs', 'configuration.md');

const intro = `# Configuration

<!-- Written by "npm run docs" from src/config/schema.ts. Edit the schema, or scripts/config-reference.js. -->

\`runtime.config.ts\` exports its options by default:

\`\`\`ts
import { Agent, defineConfig, onTask, pool, single, type Task } from 'agent-runtime';

class ResizeAgent extends Agent {
  @onTask('resize')
  resize(_task: Task) {}
}
class IndexAgent extends Agent {
  @onTask('index')
  index(_task: Task) {}
}

export default defineConfig({
  redis: process.env.REDIS_URL,
  fleet: 'pictures',
  agents: [pool(ResizeAgent, { size: 4 }), single(IndexAgent, { id: 'index', mailbox: 100 })],
  timing: { taskLease: '30s', drainGrace: '1m' },
  limits: { maxWaiting: 50_000 },
  queues: { index: { concurrency: 1 }, resize: { rate: { max: 100, per: '1m' } } },
});
\`\`\`

The commands of \`runtime\` take each value from the first of these that has it: the option on the command line (\`--redis\`,
\`--fleet\`), the environment variable, the file, the default. An empty variable sets nothing. \`startFleet()\` and \`connect()\`
read no variable, and no file but the one that \`tls.ca\` names.

Durations are milliseconds or a number with a unit: \`1500\`, \`'1500ms'\`, \`'30s'\`, \`'2m'\`, \`'1h'\`, \`'7d'\`. Everything that is wrong
is told at once, before anything starts; the exit code is 78.
`;

const relations = `## What has to hold between options

- \`timing.heartbeat\` is at most a third of \`timing.presenceLease\`: a node survives two lost heartbeats.
- \`timing.taskLease\` is more than twice \`timing.taskRenewal\`: a lease survives one lost renewal.
- \`timing.drainGrace\` is at most an hour.
- Each queue of \`queues\` names a limit, or \`partitions\`, and not more than one partition beside a limit. Its name is a role or an agent id; a node that starts sets the limits that it names for the whole
  fleet, and leaves other queues alone.
- Roles differ, ids of \`single\` differ, and no id is the role of another class: tasks addressed to it could mean either.
- \`redis\` begins with \`rediss\` where \`tls.ca\` or \`tls.insecure\` is set beside it.
- \`classic\` is false where \`redis\` is a cluster: classic agents know one server.
- \`redis\` is set where \`durability\` is \`replicated\`.
- Names of \`classic.foreign\` differ, and none is a role or an id of the fleet: a task addressed to it goes one way.
- \`memory\` of a hosting comes with \`isolation: 'process'\`.
- Names of groups differ. \`intensity\` and \`backoff\` stand with the group, not with its members, and none of these has \`isolation\`; what they mean stands in
  [supervision](supervision.md).

## A Redis that speaks TLS

\`\`\`ts
import { defineConfig } from 'agent-runtime';

export default defineConfig({
  redis: process.env.REDIS_URL, // rediss://user:password@redis.example:6380
  tls: { ca: './redis-ca.pem' },
  agents: './agents',
});
\`\`\`

A server whose certificate is signed by a public CA needs nothing but the URL. For one of your own, \`tls.ca\` is the CA's
certificate: its text in PEM form, or the path of a file, which may hold several. A path is relative to the configuration file; to
the current directory when it comes from \`REDIS_TLS_CA\`, or for \`startFleet()\` and \`connect()\`. The file is read once, at the
start. The certificate has to name the host of the URL; \`tls.insecure\` turns all checks off. Client certificates are not
supported: set \`tls-auth-clients no\` in the server, and a user with a password.

## Schedules

\`\`\`ts
import { Agent, defineConfig, onTask, pool, type Task } from 'agent-runtime';

class ReportAgent extends Agent {
  @onTask('report')
  report(_task: Task) {}
}

export default defineConfig({
  agents: [pool(ReportAgent)],
  schedules: {
    nightly: {
      cron: '0 3 * * *',
      timeZone: 'Europe/Berlin',
      task: [ReportAgent, 'report', { days: 1 }],
      missed: 'once',
    },
    pulse: {
      every: '15m',
      task: [{ role: 'report', task: 'report' }, {}],
      options: { deadline: '5m' },
      overlap: 'skip',
    },
  },
});
\`\`\`

A node sets them when it starts, for the whole fleet: a definition that has changed takes the place of the old one, and of nodes with
different configurations the one that started last counts. What the configuration no longer names stays, until somebody removes it
(\`runtime schedules remove <name>\`); what it names comes back with the next start. What they promise stands in
[Guarantees](guarantees.md#schedules).

## A folder of agents

\`agents: './agents'\` runs every agent class that a file directly in the folder exports. The path is relative to the
configuration file. Only \`runtime start\` reads folders; \`startFleet()\` takes a list. A class says how it is run; without that
it is a pool of one:

\`\`\`ts
import { Agent, onMessage } from 'agent-runtime';

export class ClockAgent extends Agent {
  static readonly hosting = { kind: 'single', id: 'clock' };

  @onMessage('time')
  time() {
    return this.clock.now();
  }
}
\`\`\`
`;

const parts = [
  { title: 'The fleet', belongs: (name) => !name.includes('.'), shown: (name) => name },
  { title: '`classic`', belongs: (name) => name.startsWith('classic.'), shown: lastPart },
  { title: '`tls`', belongs: (name) => name.startsWith('tls.'), shown: lastPart },
  { title: '`timing`', belongs: (name) => name.startsWith('timing.'), shown: lastPart },
  { title: '`limits`', belongs: (name) => name.startsWith('limits.'), shown: lastPart },
  {
    title: '`queues`, for each queue',
    belongs: (name) => name.startsWith('queues.'),
    shown: (name) => name.slice('queues.'.length),
  },
  { title: '`schedules`, for each schedule', belongs: (name) => name.startsWith('schedules.'), shown: lastPart },
  { title: '`pool(Class, options)`', belongs: (name) => name.startsWith('pool.'), shown: behindFirst },
  { title: '`single(Class, options)`', belongs: (name) => name.startsWith('single.'), shown: behindFirst },
  {
    title: '`group(name, strategy, agents, options)`',
    belongs: (name) => name.startsWith('group.'),
    shown: behindFirst,
  },
];

register();
const { describeOptions } = await import('../src/config/schema.ts');
const page = render(describeOptions().filter(({ path: name }) => !name.endsWith('.role'))); // filled in by pool and single
if (!process.argv.includes('--check')) writeFileSync(path, page);
else if (readFileSync(path, 'utf8') !== page) {
  console.error('expected docs/configuration.md to be what the schema says, got: something else\nRun: npm run docs');
  process.exitCode = 1;
}

function render(options) {
  const tables = parts.map(({ title, belongs, shown }) => {
    const rows = options.filter(({ path: name }) => belongs(name)).map((option) => row(option, shown(option.path)));
    return `## ${title}\n\n${table([['option', 'default', 'allowed', 'variable', 'meaning'], ...rows])}\n`;
  });
  return [intro, ...tables, relations].join('\n');
}

function row({ default: fallback, rule, description, variable }, name) {
  const cells = [code(name), fallback === undefined ? 'none' : code(fallback), rule, variable ? code(variable) : ''];
  return [...cells, description].map((cell) => cell.replaceAll('|', '\\|'));
}

/** Padded as `npm run format` pads it, so that the two do not undo each other. */
function table([head, ...rows]) {
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((cells) => cells[column].length)));
  const line = (cells) => `| ${cells.map((cell, column) => cell.padEnd(widths[column])).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}

function code(value) {
  return `\`${value}\``;
}

function behindFirst(name) {
  return name.slice(name.indexOf('.') + 1);
}

function lastPart(name) {
  return name.split('.').at(-1);
}
