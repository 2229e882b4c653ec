/**
 * The way of one process to more than one server: a faulty proxy for each, and addresses that lead to them.
 *
 * A cluster and sentinels tell their clients where to go, so what they say is changed on its way: each port that they name becomes that of
 * the process's own proxy. Ports have five digits, so no reply changes its length.
 */
import { type Cut, FaultyProxy, type Lane, type Translate } from './proxy.ts';

/** A server that a process gets to know of: where it is, and by which port the others know it. */
export interface Destination {
  readonly port: number;
  readonly knownAs: number;
}

export class WideLane implements Lane {
  readonly url: string;
  readonly parts: readonly FaultyProxy[];

  private constructor(url: string, parts: readonly FaultyProxy[]) {
    this.url = url;
    this.parts = parts;
  }

  /** `urlOf` makes an address of the proxies, which are in the order of the destinations. */
  static async open(
    destinations: readonly Destination[],
    isAddress: (reply: Buffer, asksForSlots: boolean) => boolean,
    urlOf: (ports: readonly number[]) => string,
  ): Promise<WideLane> {
    const ports = new Map<string, string>();
    const translate: Translate = (reply, asksForSlots) =>
      isAddress(reply, asksForSlots) ? renamed(reply, ports) : reply;
    const parts = destinations.map(({ port }) => new FaultyProxy(port, translate));
    await Promise.all(parts.map((part) => part.open()));
    for (const [at, { knownAs }] of destinations.entries()) ports.set(String(knownAs), String(parts[at]?.port));
    if ([...ports].flat().some((port) => port.length !== 5))
      throw new Error(`expected ports of five digits, got: ${[...ports].flat().join(', ')}`);
    return new WideLane(urlOf(parts.map(({ port }) => port)), parts);
  }

  cut(kind: Cut, times: number): void {
    for (const part of this.parts) part.cut(kind, times);
  }

  hold(): void {
    for (const part of this.parts) part.hold();
  }

  slow(delayMs: number): void {
    for (const part of this.parts) part.slow(delayMs);
  }

  trickle(): void {
    for (const part of this.parts) part.trickle();
  }

  async refuse(): Promise<void> {
    await Promise.all(this.parts.map((part) => part.refuse()));
  }

  async heal(): Promise<void> {
    await Promise.all(this.parts.map((part) => part.heal()));
  }
}

/** A port stands at the end of a line: as a number, as a text, or behind the host of a redirection. */
function renamed(reply: Buffer, ports: ReadonlyMap<string, string>): Buffer {
  const text = reply.toString('latin1').replace(/(?<=[:\n])\d{5}(?=\r\n)/g, (port) => ports.get(port) ?? port);
  return Buffer.from(text, 'latin1');
}
