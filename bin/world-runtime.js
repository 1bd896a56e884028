#!/usr/bin/env node
import { main } from '../dist/surfaces/cli/main.js';

// Loaded when a command needs it: help and usage errors need no engine and no database.
await main(() => import('../dist/compose.js'));
