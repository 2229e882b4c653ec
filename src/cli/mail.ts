/**
 * `runtime send`, `runtime ask` and `runtime broadcast`: the verbs of mail from a terminal. They differ in what they
 * promise, not in how they are called, so they stand together.
 */
import { InvalidArgumentError, Option } from 'commander';
import type { SendOptions } from '../agent/mail-verbs.ts';
import { type Duration, parseDuration } from '../core/duration.ts';
import { type CommonOptions, type Registration, withFleetOptions } from './context.ts';
import { readStatus } from './fleet-status.ts';
import { printParts } from './parts.ts';
import { plain, pretty } from './render/text.ts';
import { exitCodes, parseJson } from './usage.ts';
import { withFleet } from './with-fleet.ts';

export function registerMail(registration: Registration): void {
  registerSend(registration);
  registerAsk(registration);
  registerBroadcast(registration);
}

function registerSend({ program, context, act }: Registration): void {
  const command = program
    .command('send')
    .description('put a message into the inbox of an agent: stored, handled when the agent is up')
    .argument('<agent>', 'its id')
    .argument('<message>', 'name of the message')
    .argument('[json]', 'data of the message')
    .option('--key <key>', 'store no second message under this key')
    .option('--key-ttl <duration>', 'how long the key is remembered (default: 1h)', durationText)
    .addOption(new Option('--volatile', 'tell the live agent and store nothing').conflicts(['key', 'keyTtl']));
  withFleetOptions(command).action(
    act(async (agent: string, message: string, json: string | undefined, options: SendFlags) => {
      const data = dataOf(json);
      return withFleet(context, options, async (fleet, name) => {
        const { id, stored } = await fleet.send(agent, message, data, sendOptions(options));
        if (!stored) {
          const known = options.key !== undefined ? `known: the message ${plain(id)} has that key` : undefined;
          const published = `published for the classic agent ${plain(agent)}: no agent of the fleet has that id`;
          context.output.out(options.volatile ? `told ${plain(agent)}` : (known ?? published));
          return exitCodes.ok;
        }
        const { agents } = await readStatus(fleet, name);
        const isUp = agents.some(({ id }) => id === agent);
        context.output.out(
          `stored in the inbox of ${plain(agent)}${isUp ? '' : '; no such agent is up, so it waits there'}`,
        );
        return exitCodes.ok;
      });
    }),
  );
}

interface SendFlags extends CommonOptions {
  readonly key?: string;
  readonly keyTtl?: Duration;
  readonly volatile?: true;
}

function sendOptions({ key, keyTtl, volatile }: SendFlags): SendOptions {
  return volatile ? { volatile } : { ...(key !== undefined && { key }), ...(keyTtl !== undefined && { keyTtl }) };
}

function registerAsk({ program, context, act }: Registration): void {
  const command = program
    .command('ask')
    .description('ask a live agent and print its answer as JSON')
    .argument('<agent>', 'its id')
    .argument('<message>', 'name of the message')
    .argument('[json]', 'data of the message')
    .option('--deadline <duration>', "how long to wait for the answer, such as '5s' (default: 30s)", durationText)
    .option('--stream', 'print the answer part by part as it comes, one line of JSON each');
  withFleetOptions(command).action(
    act(
      async (
        agent: string,
        message: string,
        json: string | undefined,
        options: CommonOptions & { readonly deadline?: Duration; readonly stream?: true },
      ) => {
        const data = dataOf(json);
        const { deadline } = options;
        return withFleet(context, options, async (fleet) => {
          const limit = deadline === undefined ? {} : { deadline };
          if (options.stream) {
            await printParts(fleet.stream(agent, message, data, limit), context.output);
            return exitCodes.ok;
          }
          const answer = await fleet.ask(agent, message, data, limit);
          context.output.out(pretty(answer ?? null));
          return exitCodes.ok;
        });
      },
    ),
  );
}

function registerBroadcast({ program, context, act }: Registration): void {
  const command = program
    .command('broadcast')
    .description('tell every agent that listens to a topic; prints the id of the event')
    .argument('<topic>', "such as 'docs.changed'")
    .argument('[json]', 'data of the broadcast');
  withFleetOptions(command).action(
    act(async (topic: string, json: string | undefined, options: CommonOptions) => {
      const data = dataOf(json);
      return withFleet(context, options, async (fleet) => {
        context.output.out(await fleet.broadcast(topic, data));
        return exitCodes.ok;
      });
    }),
  );
}

function dataOf(json: string | undefined): unknown {
  return json === undefined ? undefined : parseJson(json, 'the data');
}

/** A duration with its unit, or milliseconds. */
export function durationText(text: string): Duration {
  const value = /^\d+$/.test(text) ? Number(text) : text;
  if (parseDuration(value) === undefined)
    throw new InvalidArgumentError("Expected a duration such as 1500, '30s' or '2m'.");
  return value as Duration;
}
