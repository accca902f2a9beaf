import type { PeerId } from '../../core/ids.ts';
import type { ModelCard, PlanMode, PlanRules, SessionState } from '../../core/session/state.ts';
import type { Tensor } from '../../core/tensor/tensor.ts';

/** The only thing the views see: a state that changes, and what a person can do. */
export interface Store {
  readonly state: { readonly value: SessionState };
  readonly actions: Actions;
}

/** One entry of public/models/catalogue.json. */
export interface CatalogueEntry {
  readonly id: string;
  readonly name: string;
  readonly about: string;
  readonly bytes: number;
}

/** A well-known model on a hub, which devices fetch from there themselves. */
export interface HubEntry {
  readonly id: string;
  readonly title: string;
  /** What it is for, in words to sort by: "Image classes". */
  readonly purpose: string;
  readonly about: string;
  /** "onnx-community/mobilenetv4", as the hub knows it. */
  readonly repository: string;
  readonly licence: string;
  /** All files together; the hub may have changed since. */
  readonly aboutBytes: number;
}

/** What this device keeps of models, so that they need not be fetched again. */
export interface Storage {
  /** `memory`: this browser keeps nothing beyond the page. */
  readonly kind: 'disk' | 'memory';
  readonly usedBytes: number;
  /** What the browser allows this site; null where it does not tell. */
  readonly quotaBytes: number | null;
  /** Most recently used first. */
  readonly models: readonly {
    readonly label: string;
    readonly bytes: number;
    readonly pieces: number;
    readonly usedAt: number;
  }[];
}

/** One turn of a talk with a model, as it stands now. */
export interface ChatMessage {
  readonly id: number;
  readonly role: 'user' | 'assistant';
  readonly text: string;
  /** `waiting`: others are written first; `reading`: the room reads the prompt. */
  readonly status: 'waiting' | 'reading' | 'writing' | 'done' | 'stopped' | 'failed';
  /** Where it stands in the line; null when nobody is before it. */
  readonly place: number | null;
  /** What went wrong, in a sentence; null while nothing did. */
  readonly problem: string | null;
  /** Of an answer: what it took so far. */
  readonly pace: ChatPace | null;
  /** Why an answer ended before the model's own end; null when it did not. */
  readonly cut: 'length' | 'context' | null;
}

export interface ChatPace {
  readonly tokens: number;
  /** From the question to its first word, the line not counted. */
  readonly firstMs: number;
  /** After the first word; null before the second. */
  readonly perSecond: number | null;
}

export interface ChatState {
  /** Oldest first. */
  readonly messages: readonly ChatMessage[];
  readonly busy: boolean;
  /** False for a model that only writes on. */
  readonly talks: boolean;
  /** Tokens of the text so far, and how many the model can hold. */
  readonly usedTokens: number;
  readonly contextTokens: number;
}

export interface ChatSettings {
  /** 0 writes the likeliest always; 1 as freely as the model was taught. */
  readonly temperature: number;
  readonly maxNewTokens: number;
}

/** A talk between the person at this page and the room's model; nobody else sees it. */
export interface Chat {
  readonly state: { readonly value: ChatState };
  readonly settings: { value: ChatSettings };
  send(text: string): void;
  /** Ends the answer that is being written; what is there stays. */
  stop(): void;
  /** Another answer to the last question. */
  again(): void;
  /** Writes on where an answer was cut. */
  goOn(): void;
  /** Begins a new talk. */
  clear(): void;
}

/** Class scores for one image, best first. */
export interface Answer {
  readonly request: number;
  readonly latencyMs: number;
  /** Empty for models whose output is not a list of class scores. */
  readonly top: readonly { readonly index: number; readonly label: string; readonly probability: number }[];
  readonly outputs: readonly { readonly name: string; readonly tensor: Tensor }[];
}

export interface Actions {
  rename(name: string): void;
  setMode(mode: PlanMode): void;
  /** Leader only: what every plan must respect. */
  setRules(rules: PlanRules): void;
  /** Leader only: another device leads from now on. */
  handOver(peer: PeerId): void;
  /** Leader only: a device whose results were wrong may take part again. */
  letIn(peer: PeerId): void;
  setAskFirst(value: boolean): void;
  admit(peer: PeerId): void;
  deny(peer: PeerId): void;
  leave(): void;
  /** Opens one more tab that joins. */
  addLocalDevice(): void;
  /** Opens a new room in this tab (after leaving, or from an ended state). */
  newRoom(): void;
  catalogue(): Promise<readonly CatalogueEntry[]>;
  openBundled(id: string): Promise<void>;
  /** One model file, or a model and its external data files together. */
  openFile(...files: File[]): Promise<void>;
  openUrl(url: string): Promise<void>;
  hub(): Promise<readonly HubEntry[]>;
  openHub(id: string): Promise<void>;
  /** Leader only: stops opening or loading a model. The room goes on with the one before, if it had one. */
  cancelModel(): void;
  storage(): Promise<Storage>;
  /** Forgets the stored pieces of one model, or all. Stages that run now keep theirs. */
  clearStorage(label?: string): Promise<void>;
  /** Leader only: corrects the guess. */
  setTask(task: ModelCard['task'], dims: Readonly<Record<string, number>>): void;
  /** Draws, photos: any image source; preprocessing is the model's. Rejects with a PotluckError. */
  askImage(image: ImageBitmap | ImageData, label: string): Promise<Answer>;
  /** Feeds by input name; missing ones are filled with seeded random values. */
  askTensors(feeds: Readonly<Record<string, Tensor>>, seed: number, label: string): Promise<Answer>;
  /** Asks the last question `count` times with `inFlight` at once, to see the room at work. */
  repeat(count: number, inFlight: number): Promise<{ readonly perSecond: number; readonly medianMs: number }>;
  /** The talk with the open model, which fetches its tokeniser first. Rejects with a PotluckError. */
  chat(): Promise<Chat>;
  /** Asks all devices what they did lately, and hands the person a file of it. Returns the names of those who did not answer. */
  saveTrace(): Promise<readonly string[]>;
  dismiss(notice: number): void;
}
