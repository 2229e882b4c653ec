/**
 * Lets what is written to a server within one tick leave in one piece: many small commands cost as many calls of the kernel otherwise,
 * which is most of what a history costs.
 *
 * It is for the rig alone, whose calls come in tens; what a command means, and when it is sent, stays the same but for the rest of a tick.
 */
import { Socket } from 'node:net';

/** For connections to this port, until the function that it returns is called. */
export function gatherWrites(port: number): () => void {
  const { write } = Socket.prototype;
  const gathering = function (this: Socket, ...args: Parameters<Socket['write']>): boolean {
    if (this.remotePort === port && this.writableCorked === 0) {
      this.cork();
      process.nextTick(() => this.uncork());
    }
    return write.apply(this, args);
  };
  Socket.prototype.write = gathering as Socket['write'];
  return () => {
    Socket.prototype.write = write;
  };
}
