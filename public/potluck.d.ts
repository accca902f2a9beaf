/**
 * Types of potluck.js: a Potluck room in any web page.
 *
 * ```js
 * import { createRoom } from 'https://potluck.example/potluck.js';
 * const room = await createRoom({ model: 'digits' });
 * console.log(room.link); // others open it, on any device
 * ```
 *
 * Times are in milliseconds, sizes in bytes unless a name says otherwise. What comes from other devices (their names
 * above all) is foreign text: show it as text, never as HTML.
 */

/** Makes a room; this page is its first device and leads it. Rejects with a {@link PotluckError}. */
export declare function createRoom(options?: RoomOptions): Promise<Room>;

/**
 * Joins the room of a link such as `https://potluck.example/r/maple-otter-42#…`. Where its leader wants to be asked first,
 * this takes until somebody has answered. Rejects with a {@link PotluckError}.
 */
export declare function join(link: string, options?: JoinOptions): Promise<Room>;

export interface JoinOptions {
  /** What others call this device, 40 characters at most; left out: what the browser suggests, such as "Pixel 8". */
  readonly name?: string;
  /** The origin of the server; left out: where this module was loaded from. Needed where a bundler took the module in. */
  readonly server?: string;
  /** What this device lends; left out: what the page would lend. */
  readonly device?: {
    readonly provider?: 'auto' | 'wasm' | 'webgpu';
    /** Threads of WebAssembly; more than one only in a page or frame that is cross-origin isolated. */
    readonly threads?: number;
    /** At most so many MB (10^6 bytes). */
    readonly memoryMB?: number;
  };
  /** Gives up entering. */
  readonly signal?: AbortSignal;
  /** Told when the leader is asked whether this device may join. */
  readonly onKnocking?: () => void;
}

export interface RoomOptions extends JoinOptions {
  /** As for {@link Room.openModel}; left out: `"digits"`. */
  readonly model?: ModelChoice;
}

/**
 * The id of a model that comes with the server (`"digits"`, `"bard"`), the address of an .onnx file or manifest.json, or
 * files: a model together with its external data and tokeniser.
 */
export type ModelChoice = string | URL | File | readonly File[];

/** A visit to a room. It ends with the page, with {@link Room.leave}, or when the room shows this device out. */
export interface Room {
  /** What others open to join. Whoever has it is let in: its fragment is the room's secret. */
  readonly link: string;
  /** As they were last told; each object is new when something in it changed. */
  readonly state: RoomState;
  /** In order of joining, this one included. */
  readonly devices: readonly Device[];
  /** Who computes what; null while there is none. */
  readonly plan: Plan | null;
  /** Newest last, at most 200. */
  readonly log: readonly LogLine[];

  /** Calls `listener` after each change, until the function that it returns is called. */
  on<T extends keyof RoomEvents>(topic: T, listener: (news: RoomEvents[T]) => void): () => void;

  /** Resolves when a model is ready to answer. */
  ready(): Promise<void>;

  /** Leader only. Resolves when the model runs. */
  openModel(model: ModelChoice): Promise<void>;

  /**
   * One run of the model, over as many devices as the plan has. All inputs by name; waits for a model that is being
   * opened. The caller keeps its tensors.
   */
  run(inputs: Readonly<Record<string, TensorInput>>, options?: CallOptions): Promise<Answer>;

  /** Runs of many items, several under way at once; answers come in the order of the items. */
  runAll(
    items: Iterable<Inputs> | AsyncIterable<Inputs>,
    options?: CallOptions & {
      /** At once, 1 to 32; 4 if left out. */
      readonly inFlight?: number;
    },
  ): AsyncGenerator<Answer, void>;

  /**
   * One run on a picture, for a model that takes one (`task` of {@link ModelInfo}): resized and normalised as that model
   * wants it.
   */
  runImage(picture: ImageData | ImageBitmapSource, options?: CallOptions): Promise<Answer>;

  /**
   * Has a text written: what goes on after a prompt, or the next turn of a talk. Iterate over the pieces, or wait for
   * `result`.
   */
  write(input: string | readonly Turn[], options?: WriteOptions): Writing;

  /** Leader only: what plans aim at. */
  setMode(mode: Mode): Promise<void>;

  /** The link as a QR code: an SVG document, dark on white. */
  qr(): Promise<string>;

  /** Says goodbye and frees everything. Calls that are still open reject. */
  leave(): Promise<void>;
}

export interface CallOptions {
  /** Gives up waiting: the call rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

export type Inputs = Readonly<Record<string, TensorInput>>;

export type ElementType =
  | 'float32'
  | 'float64'
  /** As bits, in a Uint16Array. */
  | 'float16'
  | 'int8'
  | 'uint8'
  | 'int16'
  | 'uint16'
  | 'int32'
  | 'uint32'
  | 'int64'
  | 'uint64'
  /** As 0 and 1, in a Uint8Array. */
  | 'bool';

export type TensorData =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

/** A dense tensor, row-major. */
export interface TensorInput {
  readonly data: TensorData;
  /** `[]` for a scalar. */
  readonly dims: readonly number[];
  /** Left out: that of `data`. Needed for float16 and bool; with it a Uint8Array counts as raw little-endian bytes. */
  readonly dtype?: ElementType;
}

export interface Tensor extends TensorInput {
  readonly dtype: ElementType;
}

export interface Answer {
  /** By name. */
  readonly outputs: Readonly<Record<string, Tensor>>;
  /** The best five classes, of a model with class scores; else empty. */
  readonly top: readonly { readonly index: number; readonly label: string; readonly probability: number }[];
  /** From the entry into the chain until the answer was here. */
  readonly latencyMs: number;
  /** In the order of {@link Plan.stages}. */
  readonly stages: readonly {
    readonly stage: number;
    readonly computeMs: number;
    /** Waiting at that device. */
    readonly queueMs: number;
  }[];
}

export interface Turn {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

/** What is left out is as the model's makers say; else lively, yet to the point (0.8, 40, 0.95). */
export interface WriteOptions extends CallOptions {
  /** 256 if left out. */
  readonly maxNewTokens?: number;
  /** 0: the likeliest always. */
  readonly temperature?: number;
  /** Only so many of the likeliest tokens; 0 for all. */
  readonly topK?: number;
  /** Only the likeliest tokens that together have this probability, 0 to 1. */
  readonly topP?: number;
  /** Over 1, what was there before becomes less likely. */
  readonly repetitionPenalty?: number;
  /** A whole number below 2^32: the same one gives the same text. Random if left out. */
  readonly seed?: number;
  /** Each of these strings ends the text and is not part of it. */
  readonly stop?: readonly string[];
}

/** A text on its way. Leaving the loop, or aborting the signal, ends it. Iterate once. */
export interface Writing extends AsyncIterable<string> {
  readonly result: Promise<Written>;
}

export interface Written {
  readonly text: string;
  readonly tokens: number;
  /** The model's own end or one of `stop`; `maxNewTokens`; or the model can hold no more. */
  readonly end: 'stop' | 'length' | 'context';
  /** From this text's turn to its first token; null where there was none. */
  readonly firstMs: number | null;
  /** After the first token; null before the second. */
  readonly tokensPerSecond: number | null;
}

/**
 * `fastest`: the least time for one answer. `most`: the most answers a second. `everyone`: every device takes part.
 * `everyMs`: the least time for one answer among the plans that give one at least this often.
 */
export type Mode = 'fastest' | 'most' | 'everyone' | { readonly everyMs: number };

export interface RoomEvents {
  readonly state: RoomState;
  readonly devices: readonly Device[];
  readonly plan: Plan | null;
  /** One new line. */
  readonly log: LogLine;
}

export interface RoomState {
  /** `leaderless`: its leader is gone for now, and another one is being found. */
  readonly phase: 'opening' | 'knocking' | 'open' | 'leaderless' | 'ended';
  /** Why, once the phase is `ended`. */
  readonly ended: { readonly reason: EndReason; readonly message: string } | null;
  /** Whether new devices can join; a room works without. */
  readonly server: 'connecting' | 'open' | 'away';
  /** Ids of {@link Device}. */
  readonly me: string;
  readonly leader: string | null;
  readonly mode: Mode;
  readonly model: ModelState;
  /** What the leader is busy with between plans. */
  readonly preparing: Progress | null;
}

export type EndReason =
  | 'wrong-secret'
  | 'no-such-room'
  | 'room-full'
  | 'denied'
  | 'left'
  | 'replaced'
  | 'insecure'
  | 'protocol'
  /** The frame was taken out of the page, or loaded anew. */
  | 'closed';

export type ModelState =
  | { readonly kind: 'none' }
  | { readonly kind: 'opening'; readonly name: string; readonly progress: Progress }
  | ModelInfo
  | { readonly kind: 'failed'; readonly name: string; readonly step: string; readonly message: string };

export interface ModelInfo {
  readonly kind: 'ready';
  readonly name: string;
  readonly about: string;
  readonly bytes: number;
  /** Parts between usable cuts. */
  readonly layers: number;
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  readonly task: 'draw-digit' | 'classify-image' | 'tensors';
  /** Whether {@link Room.write} works with it. */
  readonly writes: boolean;
}

export interface TensorInfo {
  readonly name: string;
  readonly dtype: ElementType;
  /** A number, the name of a dimension that the caller chooses, or null where the model does not say. */
  readonly dims: readonly (number | string | null)[] | null;
}

export interface Progress {
  /** In words: "Measuring this phone". */
  readonly step: string;
  /** 0 to 1; null where it cannot be known. */
  readonly fraction: number | null;
}

export interface Device {
  readonly id: string;
  /** Foreign text. */
  readonly name: string;
  readonly form: 'phone' | 'tablet' | 'computer' | 'server';
  readonly platform: string;
  readonly browser: string;
  readonly status: 'measuring' | 'ready' | 'refused';
  /** Why it may not hold layers. */
  readonly refusal: string | null;
  /** 1 to 8, the same on every screen. */
  readonly colour: number;
  /** How this page reaches it. */
  readonly link: 'self' | 'connecting' | 'direct' | 'turn' | 'relayed' | 'lost';
  readonly rttMs: number | null;
  /** Null until measured. */
  readonly provider: 'wasm' | 'webgpu' | 'cpu' | 'cuda' | null;
  readonly threads: number | null;
  readonly memoryBytes: number | null;
  /** Share of the last second spent computing, 0 to 1. */
  readonly busy: number;
  /** Median of its stage over the last items; null before the first. */
  readonly msPerItem: number | null;
  /** While its layers travel or load. */
  readonly loading: Progress | null;
}

export interface Plan {
  readonly status: 'loading' | 'running';
  readonly layers: number;
  readonly stages: readonly {
    /** Ids of {@link Device}; several share the items of one stage. */
    readonly devices: readonly string[];
    /** Layers [start, end). */
    readonly start: number;
    readonly end: number;
  }[];
  readonly predictedLatencyMs: number;
  /** Between answers when many are asked for. */
  readonly predictedPeriodMs: number;
  /** Devices that hold nothing, and why, in words. */
  readonly leftOut: readonly { readonly device: string; readonly reason: string }[];
}

export interface LogLine {
  readonly id: number;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly text: string;
  readonly tone: 'calm' | 'good' | 'warn' | 'bad';
}

/** One name for each thing that a caller could do differently. */
export type PotluckErrorName =
  /** The server does not let this site embed rooms: its operator allows that (`--embed`). */
  | 'EmbedRefusedError'
  /** The server, a model or its data could not be fetched. */
  | 'FetchError'
  /** The visit is over, or never began: see `reason`. */
  | 'RoomEndedError'
  /** What was given does not fit: a missing tensor, a wrong type or shape, a device that does not lead. */
  | 'InputError'
  /** The request could not be finished; asking again may work. */
  | 'RequestFailedError'
  /** Too much is under way. Ask again later. */
  | 'OverloadedError'
  /** No readable ONNX model. */
  | 'ModelFormatError'
  | 'UncuttableError'
  | 'RuntimeFailedError'
  | 'StorageFullError'
  | 'LinkClosedError'
  | 'ProtocolError'
  /** Anything else, which should not happen. */
  | 'Error';

/** Every rejection but that of an aborted signal. The message is a sentence for people, the same that the page shows. */
export declare class PotluckError extends Error {
  readonly name: PotluckErrorName;
  /** The step that failed, in words. */
  readonly step: string;
  readonly expected: string | undefined;
  readonly actual: string | undefined;
  /** Of a RoomEndedError. */
  readonly reason: EndReason | undefined;
  constructor(message: string, details: PotluckErrorDetails);
}

export interface PotluckErrorDetails {
  readonly name: PotluckErrorName;
  readonly step: string;
  readonly expected?: string | undefined;
  readonly actual?: string | undefined;
  readonly reason?: EndReason | undefined;
}
