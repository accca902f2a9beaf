import { type OpenLanguage, openLanguage } from '../../app/session/language/open-language.ts';
import { decoderIo } from '../../core/language/decoder-io.ts';
import type { Member } from '../../core/runtime/member.ts';
import type { SequenceAsker } from '../../core/runtime/sequence.ts';
import type { ModelCard, SessionState } from '../../core/session/state.ts';
import { askerForModel, modelKey } from './asker-for-model.ts';
import { badRequest, DoorError, notReady } from './door-error.ts';
import { KeptForModel } from './kept-for-model.ts';
import { filesOf, type OpenEncoder, openEncoder } from './open-encoder.ts';
import { PromptReader } from './prompt-reader.ts';

/** The visit of a room that the door leads into. */
export interface DoorRoom {
  readonly member: Member;
  readonly state: SessionState;
}

/** What answers come from. */
export interface RunningModel {
  readonly room: DoorRoom;
  readonly card: ModelCard;
  /** Asks this model and no other: its runs end with a DoorError 503 once the room has another. */
  readonly asker: SequenceAsker;
}

/** A model that writes, and what reads its prompts. */
type OpenWriter = OpenLanguage & { readonly reader: PromptReader };

/** The room's one model, as callers name it. */
export class RoomModel {
  readonly #room: () => DoorRoom | undefined;
  readonly #language: KeptForModel<OpenWriter> = new KeptForModel(({ reader }) => reader.close());
  readonly #encoder: KeptForModel<OpenEncoder> = new KeptForModel(({ reader }) => reader.close());

  /** `room`: undefined between two visits. */
  constructor(room: () => DoorRoom | undefined) {
    this.#room = room;
  }

  /** Null while there is none. */
  get room(): DoorRoom | null {
    const room = this.#room();
    return room && room.state.phase.kind !== 'ended' ? room : null;
  }

  /** What the room runs, or is about to; null while there is no model. */
  get card(): ModelCard | null {
    const { model } = this.room?.state ?? {};
    return model?.kind === 'ready' ? model.card : null;
  }

  /** A plan runs, so that answers come. */
  get isRunning(): boolean {
    return this.card !== null && this.room?.member.asker.plan !== null;
  }

  /** So many texts whose past the devices keep for this door. */
  get texts(): number {
    return this.#language.ready?.writer.texts.size ?? 0;
  }

  /** @throws DoorError 404 for another model, 503 while none runs */
  running(name: string): RunningModel {
    const { room, card } = this;
    if (!room || !card) throw notReady('The room has no model yet.');
    if (name !== card.name) {
      const message = 'The room does not have this model: GET /v1/models tells which one it has.';
      throw new DoorError(404, 'model_not_found', message, { param: 'model' });
    }
    if (!this.isRunning) throw notReady('The room is making a plan. Try again shortly.');
    const { member } = room;
    const isStill = (): boolean => {
      const now = this.card;
      return now !== null && this.room?.member === member && modelKey(now) === modelKey(card);
    };
    return { room, card, asker: askerForModel(member.asker, isStill) };
  }

  /** The model as one that writes. @throws as {@link running}; DoorError 400 for a model that does not write */
  async writing(name: string): Promise<OpenWriter & { readonly room: DoorRoom }> {
    const { room, card, asker } = this.running(name);
    const { language } = card;
    if (!decoderIo(card) || !language) {
      const message = 'This model does not write text: POST /v1/run takes its tensors.';
      throw badRequest(message, 'model', 'model_does_not_write');
    }
    const opened = await this.#language.get(room.member, card, async () => {
      const open = await openLanguage(room.member, card);
      const files = () => filesOf(room.member.weights, language, card.name);
      // The asker sees to it that the room still has the model, and says so in the door's words.
      const writer = { ...open.writer, asker, isStill: () => true };
      return { ...open, writer, reader: new PromptReader(open.tokeniser, files) };
    });
    return { ...opened, room };
  }

  /** The model as one that makes vectors of texts. @throws as {@link running}; DoorError 400 for any other model */
  async reading(name: string): Promise<OpenEncoder & Pick<RunningModel, 'asker'>> {
    const { room, card, asker } = this.running(name);
    const opened = await this.#encoder.get(room.member, card, () => openEncoder(room.member, card));
    return { ...opened, asker };
  }

  /** Gives back what was opened. */
  close(): void {
    this.#language.clear();
    this.#encoder.clear();
  }
}
