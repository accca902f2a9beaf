import type { ComponentChildren, VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { ModelCard } from '../../core/session/state.ts';
import type { Actions } from '../session/store.ts';
import { draftOf, readDraft, type TaskDraft } from './task-draft.ts';

interface Props {
  readonly card: ModelCard;
  readonly setTask: Actions['setTask'];
}

/** Corrects the guess of what the model eats: its kind of question, and how a picture becomes a tensor. */
export function TaskForm({ card, setTask }: Props): VNode {
  const [draft, setDraft] = useState(() => draftOf(card));
  const [problem, setProblem] = useState<string | null>(null);
  const field = (name: keyof Omit<TaskDraft, 'dims'>) => ({
    value: draft[name],
    onInput: (event: { currentTarget: { value: string } }) =>
      setDraft({ ...draft, [name]: event.currentTarget.value }),
  });
  const submit = (event: Event): void => {
    event.preventDefault();
    const read = readDraft(draft, card);
    setProblem(typeof read === 'string' ? read : null);
    if (typeof read !== 'string') setTask(read.task, read.dims);
  };
  return (
    <form class="form" onSubmit={submit}>
      <Field words="Ask it with">
        <select {...field('kind')}>
          <option value="draw-digit">a drawing</option>
          <option value="classify-image">a picture</option>
          <option value="tensors">numbers</option>
        </select>
      </Field>
      {draft.kind !== 'tensors' && <ImageFields field={field} />}
      {Object.entries(draft.dims).map(([name, value]) => (
        <Field key={name} words={`Size of “${name}”`}>
          <input
            inputMode="numeric"
            value={value}
            onInput={(event) =>
              setDraft({ ...draft, dims: { ...draft.dims, [name]: event.currentTarget.value } })
            }
          />
        </Field>
      ))}
      <p class="problem" role="alert">
        {problem}
      </p>
      <button type="submit">Use these settings</button>
    </form>
  );
}

type FieldProps = (name: keyof Omit<TaskDraft, 'dims'>) => {
  value: string;
  onInput: (event: { currentTarget: { value: string } }) => void;
};

function ImageFields({ field }: { readonly field: FieldProps }): VNode {
  return (
    <>
      <Field words="Width, pixels">
        <input inputMode="numeric" {...field('width')} />
      </Field>
      <Field words="Height, pixels">
        <input inputMode="numeric" {...field('height')} />
      </Field>
      <Field words="Layout">
        <select {...field('layout')}>
          <option value="NCHW">channels first (NCHW)</option>
          <option value="NHWC">channels last (NHWC)</option>
        </select>
      </Field>
      <Field words="Channels">
        <select {...field('channels')}>
          <option>RGB</option>
          <option>BGR</option>
          <option>gray</option>
        </select>
      </Field>
      <Field words="Multiply pixels by">
        <input {...field('scale')} placeholder="1/255" />
      </Field>
      <Field words="Then subtract (mean)">
        <input {...field('mean')} />
      </Field>
      <Field words="Then divide by (std)">
        <input {...field('std')} />
      </Field>
      <Field words="Fit the picture">
        <select {...field('resize')}>
          <option value="cover">crop the centre</option>
          <option value="fit">pad the edges</option>
          <option value="stretch">stretch</option>
        </select>
      </Field>
      <Field words="Labels, one a line">
        <textarea rows={3} {...field('labels')} />
      </Field>
    </>
  );
}

function Field({ words, children }: { readonly words: string; readonly children: ComponentChildren }): VNode {
  return (
    // biome-ignore lint/a11y/noLabelWithoutControl: the control is the child.
    <label class="field">
      <span>{words}</span>
      {children}
    </label>
  );
}
