//! What `nomadns doctor` found: a line for each, with what to do about it below.

use std::fmt::Write as _;

use serde::Serialize;

/// The longest word of a verdict, and of what is looked at.
const VERDICT_CHARS: usize = 8;
const SUBJECT_CHARS: usize = 13;

/// How it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum FindingVerdict {
    /// As it should be.
    Ok,
    /// It works, but not for everybody, or not for long.
    Warning,
    /// It does not work.
    Problem,
    /// It could not be looked at, since something before it failed.
    Skipped,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct DoctorFinding {
    verdict: FindingVerdict,
    subject: &'static str,
    found: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<String>,
}

/// All that was found, in its order.
#[derive(Debug, Default)]
pub(super) struct DoctorFindings(Vec<DoctorFinding>);

#[derive(Serialize)]
struct DoctorReport<'findings> {
    problems: usize,
    warnings: usize,
    findings: &'findings [DoctorFinding],
}

impl DoctorFindings {
    pub(super) fn ok(&mut self, subject: &'static str, found: impl Into<String>) {
        self.add(FindingVerdict::Ok, subject, found.into(), None);
    }

    pub(super) fn warning(
        &mut self,
        subject: &'static str,
        found: impl Into<String>,
        advice: impl Into<String>,
    ) {
        let advice = Some(advice.into());
        self.add(FindingVerdict::Warning, subject, found.into(), advice);
    }

    pub(super) fn problem(
        &mut self,
        subject: &'static str,
        found: impl Into<String>,
        advice: impl Into<String>,
    ) {
        let advice = Some(advice.into());
        self.add(FindingVerdict::Problem, subject, found.into(), advice);
    }

    pub(super) fn skipped(&mut self, subject: &'static str, why: impl Into<String>) {
        self.add(FindingVerdict::Skipped, subject, why.into(), None);
    }

    fn add(
        &mut self,
        verdict: FindingVerdict,
        subject: &'static str,
        found: String,
        advice: Option<String>,
    ) {
        self.0.push(DoctorFinding {
            verdict,
            subject,
            found,
            advice: advice.filter(|it| !it.is_empty()),
        });
    }

    fn count(&self, verdict: FindingVerdict) -> usize {
        self.0.iter().filter(|it| it.verdict == verdict).count()
    }

    pub(super) fn has_problems(&self) -> bool {
        self.count(FindingVerdict::Problem) > 0
    }

    /// For people: a line each, advice below it, and the sum.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        let indent = VERDICT_CHARS + 1 + SUBJECT_CHARS + 1;
        // Writing to a string does not fail.
        for it in &self.0 {
            let verdict = it.verdict.as_str();
            let (subject, found) = (it.subject, &it.found);
            let _ = writeln!(
                text,
                "{verdict:<VERDICT_CHARS$} {subject:<SUBJECT_CHARS$} {found}"
            );
            if let Some(advice) = &it.advice {
                let _ = writeln!(text, "{:indent$}-> {advice}", "");
            }
        }
        let problems = counted(self.count(FindingVerdict::Problem), "problem");
        let warnings = counted(self.count(FindingVerdict::Warning), "warning");
        let _ = write!(text, "\n{problems}, {warnings}");
        text
    }

    /// For scripts: one object.
    pub(super) fn json(&self) -> serde_json::Result<String> {
        serde_json::to_string_pretty(&DoctorReport {
            problems: self.count(FindingVerdict::Problem),
            warnings: self.count(FindingVerdict::Warning),
            findings: &self.0,
        })
    }
}

impl FindingVerdict {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Problem => "problem",
            Self::Skipped => "skipped",
        }
    }
}

fn counted(count: usize, what: &str) -> String {
    match count {
        0 => format!("no {what}s"),
        1 => format!("1 {what}"),
        _ => format!("{count} {what}s"),
    }
}
