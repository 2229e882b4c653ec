/**
 * Lets what is written to a server within one tick leave in one piece: many small commands cost as many calls of the kernel otherwise,
 * which is most of what a history costs.
 *
 * It is for the rig alone, whose calls come in tens; what a command means, and when it is sent, stays the same but for the rest of a tick.
 */
import { Socket } from 'node:net';

/** For connections to this socket, until the function that it returns is called. */
export function gatherWrites(path: string): () => void {
  const { write, connect } = Socket.prototype;
  const gathered = new WeakSet<Socket>();
  Socket.prototype.connect = function (this: Socket, ...args: unknown[]): Socket {
    if (JSON.stringify(args).includes(JSON.stringify(path))) gathered.add(this);
    return (connect as (...args: unknown[]) => Socket).apply(this, args);
  } as Socket['connect'];
  Socket.prototype.write = function (this: Socket, ...args: Parameters<Socket['write']>): boolean {
    if (gathered.has(this) && this.writableCorked === 0) {
      this.cork();
      process.nextTick(() => this.uncork());
    }
    return write.apply(this, args);
  } as Socket['write'];
  return () => void Object.assign(Socket.prototype, { write, connect });
}
