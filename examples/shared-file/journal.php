<?php
/**
 * The file that is edited, as PHP reads and writes it: a count of the edits, the token of the last native holder of the lock, and notes.
 */

/** What an edit adds: how long a source file is. */
function noteAbout(string $source, string $by): string
{
    $path = __DIR__ . "/../../$source";
    return "- $source has " . count(file($path)) . " lines ($by)\n";
}

/** The whole file with one note more. */
function withNote(string $journal, string $note): string
{
    return preg_replace_callback('/^edits: (\d+)$/m', fn ($found) => 'edits: ' . ($found[1] + 1), $journal) . $note;
}
