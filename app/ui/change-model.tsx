import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { messageOf } from '../../core/errors.ts';
import type { DeviceState } from '../../core/session/state.ts';
import type { Actions, CatalogueEntry, HubEntry } from '../session/store.ts';
import { Dialog } from './dialog.tsx';
import { DropZone } from './drop-zone.tsx';
import { bytes } from './format.ts';
import { HubList } from './hub-list.tsx';

interface Props {
  readonly devices: readonly DeviceState[];
  readonly actions: Actions;
  /** Takes the opening over, closes the dialog and reports its failure. */
  readonly open: (opening: Promise<void>) => void;
  readonly onClose: () => void;
}

/** The ways to a model: one that came with the page, a file, an address, and the long list of the hub last. */
export function ChangeModel({ devices, actions, open, onClose }: Props): VNode {
  const [url, setUrl] = useState('');
  const [hub, setHub] = useState<readonly HubEntry[]>([]);
  useEffect(() => {
    // The list's code does not come: the server is gone, which the page tells already.
    actions.hub().then(setHub, () => undefined);
  }, [actions]);
  return (
    <Dialog title="Change model" onClose={onClose}>
      <Bundled actions={actions} open={open} />
      <h3>A file of yours</h3>
      <DropZone
        accept=".onnx,.onnx_data,.data,.bin,.json,.jinja"
        multiple
        testId="model-file"
        words="Choose an ONNX file, or drop it here with the files that belong to it"
        onFiles={(files) => {
          if (files.length > 0) open(actions.openFile(...files));
        }}
      />
      <p class="soft">It stays on your devices: only they receive its layers.</p>
      <h3>An address</h3>
      <form
        class="ask-line"
        onSubmit={(event) => {
          event.preventDefault();
          if (url.trim()) open(actions.openUrl(url.trim()));
        }}
      >
        <input
          type="url"
          aria-label="Address of an ONNX model"
          placeholder="https://example.org/model.onnx"
          value={url}
          onInput={(event) => setUrl(event.currentTarget.value)}
          data-testid="model-url"
        />
        <button type="submit" class="main" data-testid="model-url-open">
          Open
        </button>
      </form>
      <p class="soft">The site must allow other pages to read it (CORS).</p>
      <HubList entries={hub} devices={devices} choose={(entry) => open(actions.openHub(entry.id))} />
    </Dialog>
  );
}

function Bundled({ actions, open }: Pick<Props, 'actions' | 'open'>): VNode {
  const [entries, setEntries] = useState<readonly CatalogueEntry[] | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => {
    actions.catalogue().then(setEntries, (error: unknown) => setProblem(messageOf(error)));
  }, [actions]);
  return (
    <>
      <h3>Came with this page</h3>
      {problem !== null && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
      <ul class="choices">
        {(entries ?? []).map((entry) => (
          <li key={entry.id}>
            <button type="button" onClick={() => open(actions.openBundled(entry.id))} data-model={entry.id}>
              <b>{entry.name}</b> <span class="soft">{bytes(entry.bytes)}</span>
              <span class="soft block">{entry.about}</span>
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}
