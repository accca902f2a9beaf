import type { ErrorData } from '../../../core/errors.ts';
import type { PieceStore } from '../../../core/weights/piece-store.ts';

/** A tab of Playwright or Puppeteer with the page of this folder. */
export interface Tab {
  evaluate<Result, Call>(run: (call: Call) => Result, call: Call): Promise<Awaited<Result>>;
}

/** A call by name; bytes and Blobs as base64, which both drivers carry. */
interface Call {
  readonly method: keyof PieceStore;
  readonly args: readonly unknown[];
  /** The place of the bytes among `args`. */
  readonly bytesAt: number;
}

interface Reply {
  readonly value?: unknown;
  readonly blob?: string;
  readonly error?: { readonly name: string; readonly message: string; readonly data: ErrorData };
}

/** The store of a tab, to be called from Node. */
export async function remoteStore(tab: Tab): Promise<PieceStore> {
  const call = async (method: keyof PieceStore, args: unknown[], bytesAt = -1): Promise<Reply> => {
    const reply: Reply = await tab.evaluate(callStore, { method, args, bytesAt });
    if (reply.error) throw Object.assign(new Error(reply.error.message), reply.error);
    return reply;
  };
  const value = async <T>(method: keyof PieceStore, ...args: unknown[]): Promise<T> =>
    (await call(method, args)).value as T;
  return {
    kind: await tab.evaluate(async () => (await window.lab.store).kind, null),
    get: async (hash) => {
      const { blob } = await call('get', [hash]);
      return blob === undefined ? null : new Blob([Buffer.from(blob, 'base64')]);
    },
    put: async (hash, bytes, note) => {
      await call('put', [hash, Buffer.from(bytes.buffer).toString('base64'), note], 1);
    },
    release: () => value('release'),
    drop: (hash) => value('drop', hash),
    list: () => value('list'),
    clear: (label) => value('clear', ...(label === undefined ? [] : [label])),
    usage: () => value('usage'),
    recall: (key) => value('recall', key),
    remember: (key, document) => value('remember', key, document),
  };
}

/** Runs in the tab, so it uses nothing from around it. */
async function callStore({ method, args, bytesAt }: Call): Promise<Reply> {
  const given = await Promise.all(
    args.map(async (arg, at) => {
      if (at !== bytesAt) return arg;
      const response = await fetch(`data:application/octet-stream;base64,${arg}`);
      return new Uint8Array(await response.arrayBuffer());
    }),
  );
  try {
    const store = await window.lab.store;
    const run = store[method] as (...args: unknown[]) => Promise<unknown>;
    const value = await run.apply(store, given);
    if (!(value instanceof Blob)) return { value: value ?? null };
    const reader = new FileReader();
    await new Promise((resolve) => {
      reader.onload = resolve;
      reader.readAsDataURL(value);
    });
    return { blob: String(reader.result).replace(/^[^,]*,?/, '') };
  } catch (error) {
    const { name, message, data } = error as Error & { data: ErrorData };
    return { error: { name, message, data } };
  }
}
