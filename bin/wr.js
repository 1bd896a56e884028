#!/usr/bin/env node
import './world-runtime.js';
