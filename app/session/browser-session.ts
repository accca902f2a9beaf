import { type Signal, signal } from '@preact/signals';
import { InputError, messageOf, PotluckError } from '../../core/errors.ts';
import type { PeerId } from '../../core/ids.ts';
import { systemClock } from '../../core/mesh/clock.ts';
import type { Network } from '../../core/mesh/network.ts';
import type { ModelSource } from '../../core/opening/model-source.ts';
import { openModel, type Provenance, withTask } from '../../core/opening/open-model.ts';
import type { Planner } from '../../core/plan/question.ts';
import { addressOf } from '../../core/room-link.ts';
import { Leader } from '../../core/runtime/leader.ts';
import { Member } from '../../core/runtime/member.ts';
import type { Measured, OpenModel } from '../../core/runtime/open-model.ts';
import type { ExecutorFactory, ExecutorOptions } from '../../core/runtime/stage-executor.ts';
import { takeoverOf } from '../../core/runtime/take-over.ts';
import type { Term } from '../../core/runtime/term.ts';
import type { SessionEvent } from '../../core/session/events.ts';
import { initialState, reduce } from '../../core/session/reduce.ts';
import type {
  DeviceCard,
  EndReason,
  ModelCard,
  ModelState,
  PlanMode,
  PlanRules,
  Progress,
  SessionState,
} from '../../core/session/state.ts';
import type { Tensor } from '../../core/tensor/tensor.ts';
import type { OriginFactory } from '../../core/weights/origin.ts';
import type { Shelf } from '../../core/weights/shelf.ts';
import { catalogue, openBundled } from './catalogue.ts';
import { rememberName } from './device-name.ts';
import { labelsOf } from './labels.ts';
import type { OpenLanguage } from './language/open-language.ts';
import type { RoomChat } from './language/room-chat.ts';
import { asksFirst, keepAskFirst, leavePlace, type Place } from './place.ts';
import { plannerInWorker } from './planner-client.ts';
import type { Questions } from './questions.ts';
import type { Actions, Answer, CatalogueEntry, Chat, HubEntry, Storage, Store } from './store.ts';
import { timesCache } from './times-cache.ts';

/** Gets at a model, and tells how far it is. */
type Opener = (
  progress: (progress: Progress) => void,
  signal: AbortSignal,
) => Promise<{
  readonly source: ModelSource;
  readonly provenance: Provenance;
  readonly sizes?: Readonly<Record<string, number>>;
  readonly starters?: readonly string[];
}>;

/** What main.ts hands over, already joined. */
export interface SessionParts {
  readonly place: Place;
  readonly card: DeviceCard;
  readonly network: Network;
  readonly executors: ExecutorFactory;
  readonly runtime: () => ExecutorOptions;
  readonly shelf: Shelf;
  readonly origins: OriginFactory;
  /** Whole numbers below 2^32 that nobody can guess. */
  readonly random32: () => number;
  readonly door: Door;
}

/** What the session asks of the signaling server. */
export interface Door {
  admit(peer: PeerId): void;
  deny(peer: PeerId): void;
  askFirst(value: boolean): void;
  lead(term: Term): void;
  yield(): void;
  leave(): void;
}

/**
 * One tab in one room: the store that the views see, and what their buttons do. Actions are arrow functions
 * because views hand them straight to buttons.
 */
export class BrowserSession implements Store, Actions {
  readonly state: Signal<SessionState>;
  readonly actions: Actions = this;
  readonly member: Member;
  readonly #parts: SessionParts;
  #questions: Promise<Questions> | undefined;
  #leader: Leader | undefined;
  #planner: Planner | undefined;
  /** Counts openings, so that a slow download cannot replace a model chosen after it. */
  #opening = 0;
  #openControl: AbortController | undefined;
  #open: OpenModel | undefined;
  /** The open model as one that writes, and the talk with it. */
  #language: { readonly key: string; readonly opened: Promise<OpenLanguage>; chat?: RoomChat } | undefined;
  /** The model before the present one, to go back to while that is not running yet. */
  #previous: OpenModel | undefined;

  constructor(parts: SessionParts) {
    const { place, network, card, executors, runtime, shelf, origins } = parts;
    this.#parts = parts;
    this.state = signal(initialState(place.identity.peer));
    this.emit({ type: 'RoomChosen', room: place.link.room, link: place.address, me: place.identity.peer });
    if (asksFirst(place)) this.emit({ type: 'AskFirstChanged', value: true });
    const emit = (event: SessionEvent): void => this.emit(event);
    this.member = new Member({
      network,
      clock: systemClock,
      executors,
      runtime,
      shelf,
      origins,
      times: timesCache,
      emit,
      card,
      online: () => this.state.value.server === 'open',
      led: (term) => this.#led(term),
    });
  }

  emit(event: SessionEvent): void {
    this.state.value = reduce(this.state.value, event);
    if (event.type === 'CardChanged') this.#keepNamesApart(event.card);
    // It has run: from here on, giving it up is not going back.
    if (event.type === 'PlanChanged' && event.plan?.status === 'running') this.#previous = undefined;
  }

  /** Inside the room; `leader` as the server knows it. */
  entered(leader: PeerId, others: number): void {
    const { kind } = this.state.value.phase;
    if (kind === 'opening' || kind === 'knocking') this.emit({ type: 'RoomEntered', leader, at: Date.now() });
    this.member.entered(leader, others);
  }

  /** The room is closed to this page, for good. */
  ended(reason: EndReason, message: string): void {
    if (this.state.value.phase.kind === 'ended') return;
    this.#leader?.close();
    this.member.close(message);
    this.emit({ type: 'SessionEnded', reason, message });
  }

  readonly rename = (name: string): void => {
    const trimmed = name.trim().slice(0, 40);
    if (trimmed === '' || trimmed === this.member.card.name) return;
    rememberName(trimmed);
    this.member.setCard({ name: trimmed });
  };

  readonly setMode = (mode: PlanMode): void => {
    this.#leader?.setMode(mode);
  };

  readonly setRules = (rules: PlanRules): void => {
    this.#leader?.setRules(rules);
  };

  readonly letIn = (peer: PeerId): void => {
    this.#leader?.letIn(peer);
  };

  readonly handOver = (peer: PeerId): void => {
    this.member.handOver(peer);
  };

  readonly setAskFirst = (value: boolean): void => {
    keepAskFirst(this.#parts.place, value);
    this.#parts.door.askFirst(value);
    this.emit({ type: 'AskFirstChanged', value });
  };

  readonly admit = (peer: PeerId): void => {
    this.#parts.door.admit(peer);
    this.emit({ type: 'KnockAnswered', peer });
  };

  readonly deny = (peer: PeerId): void => {
    this.#parts.door.deny(peer);
    this.emit({ type: 'KnockAnswered', peer });
  };

  readonly leave = (): void => {
    this.#parts.door.leave();
    leavePlace(this.#parts.place);
    this.ended('left', 'You left the room.');
  };

  readonly addLocalDevice = (): void => {
    // This computer may have no way to its own address for others, so the new tab takes the one in use.
    window.open(addressOf(this.#parts.place.link, location.origin), '_blank', 'noopener');
  };

  readonly newRoom = (): void => {
    location.assign('/');
  };

  readonly catalogue = (): Promise<readonly CatalogueEntry[]> => {
    return catalogue();
  };

  readonly openBundled = (id: string): Promise<void> => {
    return this.#openWith(id, async (progress, signal) => {
      const { origin } = new URL(this.#parts.place.address);
      const { card, source } = await openBundled(id, origin, progress, signal);
      const { name, about, starters = [] } = card;
      return { source, provenance: { name, about, source: 'bundled' }, starters };
    });
  };

  readonly openFile = (...files: File[]): Promise<void> => {
    return this.openSized(files, {});
  };

  /** Opens a model with these sizes of its symbolic dimensions, by name, instead of the guessed ones. */
  readonly openSized = (files: readonly File[], sizes: Readonly<Record<string, number>>): Promise<void> => {
    const name = files[0]?.name ?? 'That file';
    return this.#openWith(name, async () => {
      const { fileSource } = await import('../../core/opening/file-source.ts');
      const source = fileSource([...files]);
      return {
        source,
        provenance: { name: source.name, about: 'A model from this device.', source: 'file' },
        sizes,
      };
    });
  };

  readonly openUrl = (url: string, sizes: Readonly<Record<string, number>> = {}): Promise<void> => {
    return this.#openWith(url, async (progress, signal) => {
      const { urlSource } = await import('./origin/url-source.ts');
      const source = await urlSource(url, this.#parts.shelf, progress, signal);
      return {
        source,
        provenance: { name: source.name, about: 'A model from the web.', source: 'url' },
        sizes,
      };
    });
  };

  readonly hub = async (): Promise<readonly HubEntry[]> => {
    const { hubModels } = await import('./hub/catalogue.ts');
    return hubModels();
  };

  readonly openHub = (id: string): Promise<void> => {
    return this.#openWith(id, async (progress, signal) => {
      const [{ findHubModel }, { urlSource }] = await Promise.all([
        import('./hub/catalogue.ts'),
        import('./origin/url-source.ts'),
      ]);
      const { title, about, address } = findHubModel(id);
      const source = await urlSource(address, this.#parts.shelf, progress, signal, title);
      return { source, provenance: { name: title, about, source: 'url' } };
    });
  };

  readonly cancelModel = (): void => {
    const { model, plan } = this.state.value;
    if (!this.#leader || (model.kind !== 'opening' && plan?.status === 'running')) return;
    const opening = ++this.#opening;
    this.#openControl?.abort(new Error('The opening was cancelled.'));
    const back = model.kind === 'opening' ? this.#open : this.#previous;
    this.#open = back;
    this.#previous = undefined;
    if (!back) this.#leader.drop();
    else if (model.kind === 'opening' && plan) {
      this.emit({ type: 'ModelChanged', model: { kind: 'ready', card: back.card }, at: Date.now() });
    } else if (opening === this.#opening) void this.#leader.open(back);
  };

  readonly storage = async (): Promise<Storage> => {
    const { store } = this.#parts.shelf;
    const [usage, models] = await Promise.all([store.usage(), store.list()]);
    return { kind: store.kind, ...usage, models };
  };

  readonly clearStorage = (label?: string): Promise<void> => {
    return this.#parts.shelf.store.clear(label);
  };

  readonly setTask = (task: ModelCard['task'], dims: Readonly<Record<string, number>>): void => {
    const open = this.#open;
    if (!open || !this.#leader) return;
    this.#open = withTask(open, task, dims);
    void this.#leader.open(this.#open);
  };

  readonly askImage = (image: ImageBitmap | ImageData, label: string): Promise<Answer> => {
    const model = this.#model();
    return this.#asking().then((questions) => questions.image(model, image, label));
  };

  readonly askTensors = (
    feeds: Readonly<Record<string, Tensor>>,
    seed: number,
    label: string,
  ): Promise<Answer> => {
    const model = this.#model();
    return this.#asking().then((questions) => questions.tensors(model, feeds, seed, label));
  };

  readonly repeat = (count: number, inFlight: number): Promise<{ perSecond: number; medianMs: number }> => {
    const model = this.#model();
    return this.#asking().then((questions) => questions.repeat(model, count, inFlight));
  };

  readonly chat = async (): Promise<Chat> => {
    const opening = this.language();
    const language = this.#language;
    const [opened, { openChat }] = await Promise.all([opening, import('./language/open-chat.ts')]);
    // Another model was chosen meanwhile: this talk is nobody's.
    if (!language || this.#language !== language) return openChat(this.member, opened);
    language.chat ??= openChat(this.member, opened);
    return language.chat;
  };

  /** @throws InputError for a model that does not write; what the way of its files throws. */
  readonly language = (): Promise<OpenLanguage> => {
    const card = this.#model();
    // The same model opened again knows nothing of the texts before.
    const key = JSON.stringify([card.name, card.bytes, card.language, this.member.asker.models]);
    if (this.#language?.key !== key) {
      this.#language?.chat?.end();
      const opened = import('./language/open-language.ts').then(({ openLanguage }) =>
        openLanguage(this.member, card),
      );
      this.#language = { key, opened };
      // The next one who asks tries again.
      opened.catch(() => {
        if (this.#language?.opened === opened) this.#language = undefined;
      });
    }
    return this.#language.opened;
  };

  readonly saveTrace = async (): Promise<readonly string[]> => {
    const { saveRoomTrace } = await import('./room-trace.ts');
    return saveRoomTrace(this.member, () => this.state.value);
  };

  readonly dismiss = (notice: number): void => {
    this.emit({ type: 'NoticeDismissed', id: notice });
  };

  async #openWith(name: string, get: Opener): Promise<void> {
    if (!this.#leader) throw new InputError('Only the leader chooses the model.', { step: 'choose a model' });
    this.#openControl?.abort(new Error('Another model was chosen.'));
    const control = new AbortController();
    this.#openControl = control;
    const opening = ++this.#opening;
    const tell = (model: ModelState): void => {
      if (opening === this.#opening) this.emit({ type: 'ModelChanged', model, at: Date.now() });
    };
    const progress = (progress: Progress): void => tell({ kind: 'opening', name, progress });
    try {
      progress({ step: 'Opening', fraction: null });
      const { source, provenance, sizes, starters } = await get(progress, control.signal);
      const model = await openModel(source, provenance, this.#parts.shelf, {
        ...{ sizes, starters, progress },
        labels: labelsOf,
      });
      if (opening !== this.#opening) return;
      const previous = this.#open;
      this.#open = model;
      this.#previous = previous;
      if (await this.#leader.open(model)) return;
      // It does not run here: the room goes on with the model it had.
      this.#open = previous;
      if (!previous || opening !== this.#opening) return;
      const { model: failed } = this.state.value;
      if (failed.kind === 'failed') this.#notice(`Could not ${failed.step}. ${failed.message}`);
      await this.#leader.open(previous);
    } catch (error) {
      // Cancelled, or another one was chosen.
      if (opening !== this.#opening) return;
      const step = error instanceof PotluckError ? error.data.step : 'open the model';
      tell({ kind: 'failed', name, step, message: messageOf(error) });
      // The room goes on with the model it had.
      if (this.#open) {
        this.#notice(`${name}: could not ${step}. ${messageOf(error)}`);
        tell({ kind: 'ready', card: this.#open.card });
      }
      throw error;
    }
  }

  /** This device leads, under this term; or no more. */
  #led(term: Term | null): void {
    const { door, network, runtime, random32 } = this.#parts;
    if (term === null) {
      this.#openControl?.abort(new Error('Another device leads now.'));
      this.#opening++;
      this.#leader?.close();
      this.#leader = undefined;
      this.#open = undefined;
      this.#previous = undefined;
      door.yield();
      return;
    }
    door.lead(term);
    if (this.#leader) {
      this.#leader.setTerm(term);
      return;
    }
    const { member } = this;
    const takeover = member.told.seats.length > 0 ? takeoverOf(member) : undefined;
    const emit = (event: SessionEvent): void => this.emit(event);
    this.#planner ??= plannerInWorker();
    const common = { member, network, clock: systemClock, planner: this.#planner, runtime, emit, term };
    this.#leader = new Leader({ ...common, random32, ...(takeover && { takeover }) });
    // The bundled model is small and needs no decision: the first thing to do is to draw.
    if (!takeover) void this.openBundled('digits').catch(() => undefined);
    else
      void takeover.subject.then(
        (found) => this.#tookOver(found),
        () => undefined,
      );
  }

  #tookOver(found: Measured | null): void {
    if (found && this.#leader && !this.#open) this.#open = found.model;
  }

  #notice(message: string): void {
    this.emit({ type: 'NoticeRaised', tone: 'bad', message, at: Date.now() });
  }

  /** Two tabs of one computer suggest one name: whoever is not the leader, or came with the larger id, takes a number. */
  #keepNamesApart(other: DeviceCard): void {
    const { me, leader, devices } = this.state.value;
    const own = devices.find(({ card }) => card.peer === me)?.card;
    if (!own || other.peer === me || other.name !== own.name || leader === me) return;
    if (other.peer !== leader && other.peer > me) return;
    const stem = own.name.replace(/ \d+$/, '');
    const taken = new Set(devices.map(({ card }) => card.name));
    const numbers = Array.from({ length: devices.length + 1 }, (_, at) => at + 2);
    const free = numbers.find((number) => !taken.has(`${stem} ${number}`)) ?? numbers.length + 2;
    this.member.setCard({ name: `${stem} ${free}` });
  }

  #asking(): Promise<Questions> {
    this.#questions ??= import('./questions.ts').then(
      ({ Questions }) => new Questions(this.member.asker, (event) => this.emit(event)),
    );
    // The next one who asks tries again.
    this.#questions.catch(() => {
      this.#questions = undefined;
    });
    return this.#questions;
  }

  #model(): ModelCard {
    const { model } = this.state.value;
    if (model.kind === 'ready') return model.card;
    throw new InputError('There is no model yet.', { step: 'ask', expected: 'a model', actual: model.kind });
  }
}
