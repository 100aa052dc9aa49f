import { blobSource, filesSource, type ModelSource } from 'animatediff-js';

/** What people chose: single files, and folders as one source each. */
export type PickedSources = readonly ModelSource[];

/** Files of `<input type="file">`. */
export function pickedFiles(files: FileList): PickedSources {
  return Array.from(files, (file) => blobSource(file));
}

/** The folder of `<input type="file" webkitdirectory>`; nothing when it was empty. */
export function pickedFolder(files: FileList): PickedSources {
  return files.length === 0 ? [] : [filesSource(files)];
}

/** Most files of a dropped folder that are looked at; models have a few dozen. */
const mostFiles = 2000;

/** What was dropped. Call it while the event is handled: the browser forgets the files afterwards. */
export async function droppedSources(data: DataTransfer): Promise<PickedSources> {
  const items = Array.from(data.items).filter(({ kind }) => kind === 'file');
  const dropped = items.map((item) => ({ entry: item.webkitGetAsEntry(), file: item.getAsFile() }));
  const sources = dropped.map(async ({ entry, file }) => {
    if (entry?.isDirectory) return folderSource(entry as FileSystemDirectoryEntry);
    return file === null ? undefined : blobSource(file);
  });
  return (await Promise.all(sources)).filter((source) => source !== undefined);
}

async function folderSource(folder: FileSystemDirectoryEntry): Promise<ModelSource> {
  const found = new Map<string, File>();
  const open: { readonly path: string; readonly entry: FileSystemDirectoryEntry }[] = [
    { path: '', entry: folder },
  ];
  for (let next = open.pop(); next !== undefined && found.size < mostFiles; next = open.pop()) {
    for (const entry of await childrenOf(next.entry)) {
      const path = `${next.path}${entry.name}`;
      if (entry.isDirectory) open.push({ path: `${path}/`, entry: entry as FileSystemDirectoryEntry });
      else found.set(path, await fileOf(entry as FileSystemFileEntry));
    }
  }
  return filesSource(found, { name: folder.name });
}

async function childrenOf(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const children: FileSystemEntry[] = [];
  // A reader gives at most a hundred at a time, and nothing at its end.
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((done, fail) => reader.readEntries(done, fail));
    if (some.length === 0 || children.length > mostFiles) return children;
    children.push(...some);
  }
}

function fileOf(entry: FileSystemFileEntry): Promise<File> {
  return new Promise((done, fail) => entry.file(done, fail));
}
