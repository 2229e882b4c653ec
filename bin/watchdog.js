// A thread of its own in each process that has a supervisor process: it goes on while the event loop beside it stands still.
//
// W1  Asked over its pipe, it interrupts the JavaScript that runs in the main thread, has it write a diagnostic report and
//     answers with that, one line of JSON. A signal would not do: Node handles `--report-on-signal` in the event loop.
// W2  The pipe closes when the supervisor process is gone, however it went. The main thread drains then, as it hears of it
//     over its channel; if the process is still there when that should be over, this thread kills it.
// W3  It runs before anything else is loaded. Until it is told of a grace there is nothing to drain.
// Plain JavaScript, because threads do not inherit the loader of TypeScript.
import { Socket } from 'node:net';
import { parentPort } from 'node:worker_threads';

/** As src/cli/node-process.ts lays it out. */
const pipeFd = 4;
const pipe = new Socket({ fd: pipeFd, readable: true, writable: true });
let endAfterMs = 10_000;

parentPort.on('message', (message) => (endAfterMs = message.endAfterMs));
parentPort.unref();
pipe.on('data', () => void report());
pipe.on('error', () => {}); // it closes, too
pipe.on('close', () => setTimeout(() => process.kill(process.pid, 'SIGKILL'), endAfterMs));

async function report() {
  const { Session } = await import('node:inspector'); // a Node may be built without it
  const session = new Session();
  session.connectToMainThread();
  session.once('Debugger.paused', ({ params }) => {
    const { callFrameId } = params.callFrames[0];
    // no look-ups of host names, which may hang as well; no environment (each thread has one), which holds passwords
    const expression = `(() => {
      const { report } = process;
      report.excludeNetwork = true;
      return JSON.stringify(report.getReport(), (key, value) => (key === 'environmentVariables' ? undefined : value));
    })()`;
    session.post('Debugger.evaluateOnCallFrame', { callFrameId, expression, returnByValue: true }, (_error, answer) =>
      pipe.write(`${answer?.result?.value ?? ''}\n`),
    );
  });
  session.post('Debugger.enable');
  session.post('Debugger.pause');
}
