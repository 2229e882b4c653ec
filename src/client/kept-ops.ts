/**
 * The operations of an answered frame as they are kept until the broker can no longer lose them (frame-history.ts): text in one piece.
 *
 * There may be hundreds of thousands of them. As objects they would all be moved about and looked at by the garbage collector, again and again,
 * which took a fifth of the time of a busy process; one text for each frame has nothing in it to look at.
 */

/** How operations of one lane are written down. */
export interface KeptCodec<Op, Reply> {
  /** How many texts there are for each. */
  readonly width: number;
  /**
   * Adds the texts of `op`; `before` is the one in front of it in the same frame, so that what most have in common is written once. False, and
   * nothing added, where nothing of it would be sent again.
   */
  write(texts: string[], op: Op, reply: Reply, before: Op | undefined): boolean;
  read(texts: readonly string[], before: Op | undefined): Exchange<Op, Reply>;
}

export interface Exchange<Op, Reply> {
  readonly op: Op;
  readonly reply: Reply;
}

export interface KeptOps {
  readonly text: string;
  /** Of each text, in characters. */
  readonly lengths: Uint32Array;
}

export function keepOps<Op, Reply>(
  codec: KeptCodec<Op, Reply>,
  ops: readonly Op[],
  replies: readonly Reply[],
): KeptOps {
  const texts: string[] = [];
  let before: Op | undefined;
  ops.forEach((op, index) => {
    if (codec.write(texts, op, replies[index] as Reply, before)) before = op;
  });
  return { text: texts.join(''), lengths: Uint32Array.from(texts, ({ length }) => length) };
}

export function readKept<Op, Reply>(codec: KeptCodec<Op, Reply>, { text, lengths }: KeptOps): Exchange<Op, Reply>[] {
  const read: Exchange<Op, Reply>[] = [];
  let from = 0;
  for (let at = 0; at < lengths.length; at += codec.width) {
    const texts = Array.from(lengths.subarray(at, at + codec.width), (length) => text.slice(from, (from += length)));
    read.push(codec.read(texts, read.at(-1)?.op));
  }
  return read;
}

/** Whatever JSON can say. */
export function plainCodec<Op, Reply>(): KeptCodec<Op, Reply> {
  return {
    width: 1,
    write: (texts, op, reply) => texts.push(JSON.stringify({ op, reply })) > 0,
    read: ([text = '']) => JSON.parse(text) as Exchange<Op, Reply>,
  };
}
