/**
 * The plug-in behind `agent-runtime/vitest`: lowers standard decorators before anything else of Vite reads the file.
 *
 * No Node runs decorators yet, and from Vite 8 on nothing in a vitest project lowers them. Only files that have some are touched; what stands
 * in the user's `tsconfig.json` does not matter here, since agents are decorated by the standard, never by `experimentalDecorators`.
 */
import { transform } from 'esbuild';
import type { Plugin } from 'vite';

export interface AgentRuntimeOptions {
  /** Which files to look at, by their path. Default: TypeScript and JavaScript outside of `node_modules`. */
  readonly include?: RegExp;
}

type Loader = 'ts' | 'tsx' | 'js' | 'jsx';

const script = /\.[cm]?([jt]sx?)$/;

/**
 * For the `plugins` of a vitest configuration, `defineConfig({ plugins: [agentRuntime()] })`: classes with `@onTask` and the like run in tests
 * as they do under `runtime start`.
 */
export function agentRuntime({ include }: AgentRuntimeOptions = {}): Plugin {
  return {
    name: 'agent-runtime',
    enforce: 'pre',
    async transform(code, id) {
      const path = id.replace(/[?#].*$/, '');
      const loader = script.exec(path)?.[1] as Loader | undefined;
      if (loader === undefined || !hasDecorators(code)) return undefined;
      if (include === undefined ? path.includes('/node_modules/') : !include.test(path)) return undefined;
      const lowered = await transform(code, {
        loader,
        sourcefile: path,
        sourcemap: 'external',
        target: 'esnext',
        supported: { decorators: false },
        jsx: 'preserve', // for whoever comes next
        keepNames: true, // roles are made of the names of classes
        tsconfigRaw: {},
      });
      return { code: lowered.code, map: lowered.map };
    },
  };
}

/** May err on the side of yes, where an `@` stands in a string: such a file is lowered for nothing. */
function hasDecorators(code: string): boolean {
  return code.includes('@') && code.split('\n').some((line) => decorated.test(line) && !comment.test(line));
}

const decorated = /(?<![\w'"`@/.-])@[\w$(]/;
const comment = /^\s*(?:\*|\/\/|\/\*)/;
