import { messageOf } from '../errors.ts';
import type { LeaderParts } from './leader-parts.ts';
import { measureModel } from './measure-model.ts';
import type { Measured, OpenModel } from './open-model.ts';

/** So long the first plan waits for devices that measure the model: as long as a person waits gladly. */
const PATIENCE_MS = 8000;

/** The model that is open in the room: measured on this device, then on every other, then planned for. */
export class Opening {
  readonly #parts: LeaderParts;
  #model: OpenModel | undefined;
  #measured = false;
  #measuring: AbortController | undefined;
  #count = 0;

  constructor(parts: LeaderParts) {
    this.#parts = parts;
  }

  get model(): OpenModel | undefined {
    return this.#model;
  }

  /** Counts models: what belongs to one before is not gone on with. */
  get count(): number {
    return this.#count;
  }

  /** Replaces the model before. False when it does not run here. */
  async open(model: OpenModel): Promise<boolean> {
    this.#stop(new Error('another model was chosen'));
    const control = new AbortController();
    this.#measuring = control;
    this.#model = model;
    this.#parts.desk.open(model);
    this.#parts.announcer.tellModel(model.card);
    return this.#measure(model, control.signal);
  }

  /** Takes a model over that was measured before. */
  assume(model: OpenModel): void {
    this.#model = model;
    this.#measured = true;
    this.#parts.desk.open(model);
  }

  /** Gives the model up, and with it whatever is being measured or loaded. */
  drop(): void {
    this.#stop(new Error('the model was given up'));
    this.#model = undefined;
    this.#parts.desk.drop();
  }

  /** This device has been measured: the model may have waited for that. */
  goOn(): void {
    if (!this.#model || this.#measured || this.#measuring) return;
    this.#measuring = new AbortController();
    void this.#measure(this.#model, this.#measuring.signal);
  }

  /** Has every device that is ready measure the model. */
  surveyAll(): void {
    const { member, replanner, survey } = this.#parts;
    for (const peer of [member.me, ...member.followers]) {
      if (replanner.cards.get(peer)?.status === 'ready') survey.ask(peer);
    }
  }

  close(): void {
    this.#count++;
    this.#measuring?.abort(new Error('the session ended'));
  }

  /** Whatever is under way for the model before. */
  #stop(why: Error): void {
    const { member, announcer, survey, replanner } = this.#parts;
    announcer.silent = false;
    this.#count++;
    this.#measuring?.abort(why);
    this.#measuring = undefined;
    this.#measured = false;
    member.asker.modelChanged();
    survey.stop();
    replanner.setModel(undefined);
  }

  async #measure(model: OpenModel, signal: AbortSignal): Promise<boolean> {
    const { member, runtime, clock, announcer, desk, replanner } = this.#parts;
    // Measured as soon as this device is.
    if (member.card.status === 'measuring') {
      this.#measuring = undefined;
      return true;
    }
    if (member.card.status === 'refused') {
      return this.#cannotRun(model, `this device may not hold layers. ${member.card.refusal ?? ''}`);
    }
    // Waited for below; until then a failure must not count as unheard.
    const vouched = desk.vouch(model, signal);
    vouched.catch(() => undefined);
    const onProgress = (fraction: number): void =>
      announcer.prepare({ step: 'Measuring the model', fraction });
    try {
      onProgress(0);
      const measured = await measureModel(model, { member, runtime, clock, onProgress, signal });
      await Promise.all([vouched, this.#askAll(measured)]);
      signal.throwIfAborted();
      this.#measured = true;
      this.#model = measured.model;
      if (measured.model !== model) announcer.tellModel(measured.model.card);
      replanner.setModel(measured);
      return true;
    } catch (error) {
      if (signal.aborted) return true;
      return this.#cannotRun(model, messageOf(error));
    } finally {
      if (!signal.aborted) announcer.prepare(null);
    }
  }

  /** Every device measures the model, too; whoever takes too long is planned for by its bench until it answers. */
  async #askAll({ model, calibration }: Measured): Promise<void> {
    const { clock, announcer, survey, desk } = this.#parts;
    await survey.begin(model, calibration, desk.key);
    this.surveyAll();
    announcer.prepare({ step: 'Measuring the model on every device', fraction: null });
    await Promise.race([
      survey.settled(),
      new Promise<void>((resolve) => clock.setTimeout(resolve, PATIENCE_MS)),
    ]);
  }

  #cannotRun({ card: { name } }: OpenModel, why: string): false {
    const { emit, clock, announcer } = this.#parts;
    const message = `${name} cannot run here: ${why}`;
    this.#model = undefined;
    emit({
      type: 'ModelChanged',
      model: { kind: 'failed', name, step: 'measure the model', message },
      at: clock.now(),
    });
    announcer.tellModel(null);
    return false;
  }
}
