//! The terminal behind standard error, as lines are drawn on it again and again. The cursor rests a little before the end of
//! the last line: a terminal spells `^C` where the cursor is, and at the very end that would start a line that is never erased.

use indicatif::{ProgressDrawTarget, TermLike};
use std::io::{Result, Write};
use std::sync::Mutex;
use terminal_size::{Height, Width, terminal_size_of};

/// Columns and lines where the terminal does not say.
const USUAL: (u16, u16) = (80, 24);
/// Columns for what is typed while lines are drawn.
const ROOM: &str = "\u{1b}[8D";
/// Drawings a second, at most.
const RATE: u8 = 20;

/// Columns of the terminal.
pub(super) fn columns() -> u16 {
    size().0
}

fn size() -> (u16, u16) {
    terminal_size_of(std::io::stderr()).map_or(USUAL, |(Width(columns), Height(lines))| (columns, lines))
}

/// Where lines are drawn.
pub(super) fn target() -> ProgressDrawTarget {
    ProgressDrawTarget::term_like_with_hz(Box::new(Screen::default()), RATE)
}

/// What is to be written next: a drawing arrives in one piece.
#[derive(Debug, Default)]
struct Screen(Mutex<String>);

impl Screen {
    fn add(&self, text: &str) -> Result<()> {
        self.0.lock().expect("BUG: poisoned").push_str(text);
        Ok(())
    }
    fn order(&self, n: usize, letter: char) -> Result<()> {
        if n == 0 { Ok(()) } else { self.add(&format!("\u{1b}[{n}{letter}")) }
    }
}

impl TermLike for Screen {
    fn width(&self) -> u16 {
        size().0
    }
    fn height(&self) -> u16 {
        size().1
    }
    fn move_cursor_up(&self, n: usize) -> Result<()> {
        self.order(n, 'A')
    }
    fn move_cursor_down(&self, n: usize) -> Result<()> {
        self.order(n, 'B')
    }
    fn move_cursor_right(&self, n: usize) -> Result<()> {
        self.order(n, 'C')
    }
    fn move_cursor_left(&self, n: usize) -> Result<()> {
        self.order(n, 'D')
    }
    fn write_line(&self, text: &str) -> Result<()> {
        self.add(text).and_then(|()| self.add("\n"))
    }
    fn write_str(&self, text: &str) -> Result<()> {
        self.add(text)
    }
    fn clear_line(&self) -> Result<()> {
        self.add("\r\u{1b}[2K")
    }
    fn flush(&self) -> Result<()> {
        let mut text = std::mem::take(&mut *self.0.lock().expect("BUG: poisoned"));
        if text.is_empty() {
            return Ok(());
        }
        // What only erases leaves the cursor at the beginning of a line, for the next writer.
        if !text.ends_with(['\n', 'K', 'A', 'B', 'C', 'D']) {
            text.push_str(ROOM);
        }
        let mut out = std::io::stderr().lock();
        out.write_all(text.as_bytes()).and_then(|()| out.flush())
    }
}
