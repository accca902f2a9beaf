import type { JoinOptions } from '../../../public/potluck.d.ts';
import { CHANNEL_VERSION, type Connect, type Hello } from '../channel.ts';
import { mayEmbed, otherVersion, refused, silent } from './may-embed.ts';

/** A cold start on a phone with a bad network. */
const HELLO_WITHIN_MS = 45_000;
/** The frame's scripts have run when its page has loaded; its words may take a moment longer. */
const AFTER_LOAD_MS = 5000;
const LOOK_EVERY_MS = 1000;

/** Isolation gives threads, where this page has it; the others are what the page itself uses. */
const ALLOW = 'cross-origin-isolated; screen-wake-lock; compute-pressure';
/** It shows nothing, so it opens no windows and leads nobody away. */
const SANDBOX = 'allow-scripts allow-same-origin';

export interface Frame {
  readonly port: MessagePort;
  /** Called once when the frame is loaded anew or taken out of the page. */
  onGone: (() => void) | undefined;
  remove(): void;
}

/**
 * Puts an unseen frame of the server's origin into this page, and opens a channel to it.
 * @throws PotluckError when the server does not allow that, or does not answer; the signal's reason.
 */
export async function openFrame(server: string, options: JoinOptions): Promise<Frame> {
  const { signal } = options;
  signal?.throwIfAborted();
  const element = document.createElement('iframe');
  element.allow = ALLOW;
  // Within one origin it would be no wall, and browsers say so.
  if (server !== location.origin) element.setAttribute('sandbox', SANDBOX);
  element.setAttribute('aria-hidden', 'true');
  element.tabIndex = -1;
  element.title = 'Potluck';
  // In sight and not `display: none`, for which browsers hold frames back.
  element.style.cssText =
    'position:fixed;right:0;bottom:0;width:1px;height:1px;border:0;opacity:0;pointer-events:none';
  element.src = `${server}/embed.html${queryOf(options)}`;
  const stop = new AbortController();
  try {
    const port = await new Promise<MessagePort>((resolve, reject) => {
      const late = (): void => reject(silent(server));
      const timers = [setTimeout(late, HELLO_WITHIN_MS)];
      stop.signal.addEventListener('abort', () => timers.forEach(clearTimeout));
      signal?.addEventListener('abort', () => reject(signal.reason), { signal: stop.signal });
      element.addEventListener('load', () => timers.push(setTimeout(late, AFTER_LOAD_MS)), { once: true });
      hear(element, server, stop.signal, (hello) => {
        if (hello.version !== CHANNEL_VERSION) return reject(otherVersion(server));
        const { port1, port2 } = new MessageChannel();
        const connect: Connect = { potluck: 'connect' };
        element.contentWindow?.postMessage(connect, server, [port2]);
        resolve(port1);
      });
      mayEmbed(server).then((allowed) => {
        if (!allowed) reject(refused(server));
      }, reject);
      (document.body ?? document.documentElement).append(element);
    });
    return watched(element, server, port);
  } catch (error) {
    element.remove();
    throw error;
  } finally {
    stop.abort();
  }
}

/** After the channel is open, another hello means that the frame was loaded anew and has lost everything. */
function watched(element: HTMLIFrameElement, server: string, port: MessagePort): Frame {
  const stop = new AbortController();
  const frame: Frame = {
    port,
    onGone: undefined,
    remove: () => {
      clearInterval(looking);
      stop.abort();
      element.remove();
    },
  };
  const gone = (): void => {
    frame.remove();
    frame.onGone?.();
  };
  hear(element, server, stop.signal, gone);
  // A script of this page may clear it, and no event tells of that.
  const looking = setInterval(() => {
    if (!element.isConnected) gone();
  }, LOOK_EVERY_MS);
  return frame;
}

function hear(
  element: HTMLIFrameElement,
  server: string,
  signal: AbortSignal,
  heard: (hello: Hello) => void,
): void {
  const listen = (event: MessageEvent): void => {
    if (event.source !== element.contentWindow || event.origin !== server) return;
    const hello: Partial<Hello> | null = event.data;
    if (hello?.potluck === 'frame' && typeof hello.version === 'number') heard(hello as Hello);
  };
  addEventListener('message', listen, { signal });
}

/** The frame reads these as the page reads its own address. */
function queryOf({ device = {} }: JoinOptions): string {
  const { provider, threads, memoryMB } = device;
  const query = new URLSearchParams();
  if (provider !== undefined) query.set('provider', provider);
  if (threads !== undefined) query.set('threads', String(threads));
  if (memoryMB !== undefined) query.set('memory', String(memoryMB));
  const text = query.toString();
  return text === '' ? '' : `?${text}`;
}
