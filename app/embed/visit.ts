import { InputError, RoomEndedError } from '../../core/errors.ts';
import type { EmbedAsk, EmbedModel } from '../../core/protocol/embed.ts';
import type { ModelState } from '../../core/session/state.ts';
import type { BrowserSession } from '../session/browser-session.ts';
import { type EnterOptions, enter } from '../session/enter.ts';
import type { Place } from '../session/place.ts';
import { programAnswer, tensorsOf } from '../session/programs.ts';
import type { Answer } from '../session/store.ts';
import { notOpened, whenInside, whenModel, whenReady } from './await-state.ts';
import type { FrameAnswer, News } from './channel.ts';
import type { AskContext, Reply } from './desk.ts';
import { embedPlace } from './embed-place.ts';
import { tellNews } from './tell-news.ts';
import type { Scribe } from './write.ts';

/** How the page's requests name what a site asked. */
const LABEL = 'from the site around';

/** How a visit begins: the product's way, or a twin of it in tests. */
export interface Entrance {
  readonly place: (link: string | null) => Promise<Place>;
  readonly enter: (place: Place, options: EnterOptions) => Promise<BrowserSession>;
}

/** What a site may ask of the one room that its frame enters. */
export class Visit {
  readonly #tell: (news: News) => void;
  readonly #entrance: Entrance;
  #begun = false;
  #tellRest = (): void => undefined;
  #session: BrowserSession | undefined;
  #scribe: Promise<Scribe> | undefined;

  constructor(tell: (news: News) => void, entrance: Entrance = { place: embedPlace, enter }) {
    this.#tell = tell;
    this.#entrance = entrance;
  }

  /** What the site sees of the room is up to date before it has the answer. */
  async answer(ask: EmbedAsk, context: AskContext): Promise<Reply> {
    const reply = await this.#answer(ask, context);
    this.#tellRest();
    return reply;
  }

  async #answer(ask: EmbedAsk, context: AskContext): Promise<Reply> {
    if (ask.type === 'enter') return { value: await this.#enter(ask, context.signal) };
    const session = this.#session;
    if (!session) {
      const data = { step: 'ask the room', expected: 'a room', actual: 'none yet' };
      throw new InputError('No room was entered yet.', data);
    }
    const { state } = session;
    switch (ask.type) {
      case 'open':
        await open(session, ask.model);
        await whenReady(state, context.signal);
        return {};
      case 'ready':
        await whenReady(state, context.signal);
        return {};
      case 'run': {
        await whenModel(state, context.signal);
        const feeds = tensorsOf(ask.feeds);
        checkComplete(session, feeds);
        return answerOf(session, await session.askTensors(feeds, 0, LABEL));
      }
      case 'picture':
        await whenModel(state, context.signal);
        return answerOf(session, await session.askImage(ask.picture, LABEL));
      case 'write': {
        await whenModel(state, context.signal);
        const scribe = await this.#writes(session);
        return { value: await scribe.write(ask.input, ask.options, context) };
      }
      case 'mode':
        checkLeads(session, 'choose what plans aim at');
        session.setMode(ask.mode);
        return {};
      case 'qr': {
        const { qrSvg } = await import('./qr.ts');
        return { value: qrSvg(state.value.link) };
      }
      case 'leave':
        session.leave();
        return {};
    }
  }

  async #enter(
    { link, name, model }: Extract<EmbedAsk, { type: 'enter' }>,
    signal: AbortSignal,
  ): Promise<string> {
    if (this.#begun) {
      const data = { step: 'enter a room', expected: 'one room a frame', actual: 'another one' };
      throw new InputError('This frame has entered a room already.', data);
    }
    this.#begun = true;
    if (!isSecureContext) {
      const message = 'This address is not secure, so the browser withholds what Potluck needs.';
      throw new RoomEndedError(message, { step: 'enter a room', reason: 'insecure' });
    }
    const place = await this.#entrance.place(link);
    const session = await new Promise<BrowserSession>((resolve, reject) => {
      const taken = (): void => {
        const data = { step: 'make a room', reason: 'no-such-room', actual: 'room-taken' };
        reject(new RoomEndedError('A room with this name is already open.', data));
      };
      const options: EnterOptions = { taken, ...(name !== null && { name }) };
      const inside = async (): Promise<BrowserSession> => {
        const session = await this.#entrance.enter(place, options);
        this.#tellRest = tellNews(session.state, this.#tell);
        await whenInside(session.state, signal);
        return session;
      };
      inside().then(resolve, reject);
    });
    this.#session = session;
    // What comes of it is in the state, and in the answer to whoever asks the model something.
    if (model) void open(session, model).catch(() => undefined);
    return place.address;
  }

  #writes(session: BrowserSession): Promise<Scribe> {
    this.#scribe ??= import('./write.ts').then(({ Scribe }) => new Scribe(session));
    this.#scribe.catch(() => {
      this.#scribe = undefined;
    });
    return this.#scribe;
  }
}

/** @throws PotluckError, also where the room then goes on with the model that it had. */
async function open(session: BrowserSession, model: EmbedModel): Promise<void> {
  let failed: Extract<ModelState, { kind: 'failed' }> | undefined;
  const stop = session.state.subscribe(({ model }) => {
    failed = model.kind === 'failed' ? model : failed;
  });
  // Of an opening before this one.
  failed = undefined;
  try {
    if (model.kind === 'bundled') await session.openBundled(model.id);
    else if (model.kind === 'url') await session.openUrl(model.url);
    else await session.openFile(...model.files);
  } finally {
    stop();
  }
  if (failed) throw notOpened(failed);
}

/** A forgotten input must not be filled with random numbers, as the page does for people who only try. */
function checkComplete(session: BrowserSession, feeds: Readonly<Record<string, unknown>>): void {
  const { model } = session.state.value;
  const missing = model.kind === 'ready' && model.card.inputs.find(({ name }) => !Object.hasOwn(feeds, name));
  if (!missing) return;
  throw new InputError(`No value for the input "${missing.name}".`, { step: 'ask', expected: missing.name });
}

function checkLeads(session: BrowserSession, step: string): void {
  const { leader, me } = session.state.value;
  if (leader === me) return;
  throw new InputError('Only the leader can do that.', {
    step,
    expected: 'the leader',
    actual: 'a follower',
  });
}

function answerOf(session: BrowserSession, answer: Answer): Reply {
  const { outputs, latencyMs, stages } = programAnswer(session, answer);
  // Views into a larger buffer would take all of it along.
  const own = outputs.map((output) => ({ ...output, data: output.data.slice() }));
  const value: FrameAnswer = {
    outputs: own,
    top: answer.top,
    latencyMs,
    stages: stages.map(({ stage, computeMs, queueMs }) => ({ stage, computeMs, queueMs })),
  };
  return { value, transfer: own.map(({ data }) => data.buffer) };
}
