/**
 * Lets what is written to a server within one tick leave in one piece: many small commands cost as many calls of the kernel otherwise,
 * which is most of what a history costs.
 *
 * It is for the rig alone, whose calls come in tens; what a command means, and when it is sent, stays the same but for the rest of a tick.
 */
import { Socket } from 'node:net';

/** What is replaced of a socket; both are looked up along its prototypes. */
type Methods = Record<'connect' | 'write', (this: Socket, ...args: unknown[]) => unknown>;

/** For connections to this socket, until the function that it returns is called. */
export function gatherWrites(path: string): () => void {
  const methods = Socket.prototype as unknown as Methods;
  const { connect, write } = methods;
  const gathered = new WeakSet<Socket>();
  methods.connect = function (...args) {
    if (JSON.stringify(args).includes(JSON.stringify(path))) gathered.add(this);
    return connect.apply(this, args);
  };
  methods.write = function (...args) {
    if (gathered.has(this) && this.writableCorked === 0) {
      this.cork();
      process.nextTick(() => this.uncork());
    }
    return write.apply(this, args);
  };
  return () => void Object.assign(methods, { connect, write });
}
