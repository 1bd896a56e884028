// Loaded before everything else into a daemon that shall have a fault: the storage that dist/compose.js gets is then the one
// of planted/storage.mjs. Nothing of the product knows about it.
import { register } from 'node:module';

register('./substitute.mjs', import.meta.url);
