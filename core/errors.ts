/**
 * The errors that a caller can do something about. Each is recognised by `name`, because only name,
 * message and stack survive Comlink and the network. `data` says what was expected and what was found.
 */

/** What an error carries for the page, the log and the tests. Plain JSON. */
export interface ErrorData {
  /** The step that failed, in words: "read the model header", "join the room". */
  readonly step: string;
  readonly expected?: string;
  readonly actual?: string;
  readonly [detail: string]: string | number | boolean | undefined;
}

/** Base of all our errors; never thrown itself. */
export abstract class PotluckError extends Error {
  abstract override readonly name: string;
  readonly data: ErrorData;

  constructor(message: string, data: ErrorData, options?: ErrorOptions) {
    super(message, options);
    this.data = data;
  }
}

/** The bytes are not a readable ONNX model. Choose another file. */
export class ModelFormatError extends PotluckError {
  override readonly name = 'ModelFormatError';
}

/** The model is readable but has no usable place to cut; it can still run whole on one device. */
export class UncuttableError extends PotluckError {
  override readonly name = 'UncuttableError';
}

/** A model or its data could not be fetched: 404, no CORS, broken connection. Check the address. */
export class FetchError extends PotluckError {
  override readonly name = 'FetchError';
}

/** The device has no room left to store weights. Free some, or take fewer layers. */
export class StorageFullError extends PotluckError {
  override readonly name = 'StorageFullError';
}

/** Foreign bytes broke the protocol; the sender is not to be trusted with this message. */
export class ProtocolError extends PotluckError {
  override readonly name = 'ProtocolError';
}

/** The link to a peer closed before the work over it was done. Replan or resend. */
export class LinkClosedError extends PotluckError {
  override readonly name = 'LinkClosedError';
}

/** ONNX Runtime refused to create or run a stage. The device may be too small, or the model unsupported. */
export class RuntimeFailedError extends PotluckError {
  override readonly name = 'RuntimeFailedError';
}

/** A request could not be finished; asking again may work. */
export class RequestFailedError extends PotluckError {
  override readonly name = 'RequestFailedError';
}

/** A queue is full. Ask again later. */
export class OverloadedError extends PotluckError {
  override readonly name = 'OverloadedError';
}

/** The input does not fit the model: a missing tensor, a wrong type or shape. */
export class InputError extends PotluckError {
  override readonly name = 'InputError';
}

/** The visit to the room is over, or never began: `data.reason` says why. Make or join another room. */
export class RoomEndedError extends PotluckError {
  override readonly name = 'RoomEndedError';
}

/** The sentence to show a person, whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
