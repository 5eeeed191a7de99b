"""Distributions to compare: (name, arguments), lists being tensors and pairs distributions."""

COVARIANCE = [[2.0, 0.5], [0.5, 1.0]]
COVARIANCES = [COVARIANCE, [[1.0, 0.0], [0.0, 3.0]], [[1.5, -0.5], [-0.5, 1.0]]]
TRIL = [[1.5, 0.0], [0.5, 0.7]]
PROBS = [0.2, 0.3, 0.5]
LOGITS = [[0.5, -1.0, 2.0], [0.0, 0.0, 0.0]]
TWO = {"loc": [0.5, -1.0], "scale": [1.0, 2.5]}
ONE = {"loc": 0.25, "scale": 1.5}
BROADCAST = {"loc": [[0.5], [-1.0]], "scale": [1.0, 2.5, 0.1]}
NORMALS = ("Normal", {"loc": [[0.5, -1.0], [0.0, 3.0]], "scale": [[1.0, 2.0], [0.5, 0.3]]})

ROWS = [
    *(("Normal", x) for x in (TWO, ONE, BROADCAST)),
    *(("Laplace", x) for x in (TWO, ONE, BROADCAST)),
    *(("Cauchy", x) for x in (TWO, ONE)),
    *(("Gumbel", x) for x in (TWO, ONE, BROADCAST)),
    *(("LogNormal", x) for x in (TWO, ONE)),
    *(("LogisticNormal", x) for x in (TWO, ONE)),
    ("HalfNormal", {"scale": [1.0, 2.5]}),
    ("HalfNormal", {"scale": 2.0}),
    ("HalfCauchy", {"scale": [1.0, 2.5]}),
    ("HalfCauchy", {"scale": 2.0}),
    ("Uniform", {"low": [-1.0, 0.25], "high": [1.0, 0.5]}),
    ("Uniform", {"low": 0.0, "high": 3.0}),
    ("VonMises", {"loc": [0.5, -3.0], "concentration": [0.5, 20.0]}),
    ("VonMises", {"loc": 0.5, "concentration": 4.0}),
    ("StudentT", {"df": [0.5, 1.5, 5.0], "loc": 0.5, "scale": [1.0, 2.0, 0.5]}),
    ("StudentT", {"df": 3.0}),
    ("Exponential", {"rate": [0.5, 3.0]}),
    ("Exponential", {"rate": 1.0}),
    ("Gamma", {"concentration": [0.3, 1.0, 2.5, 30.0], "rate": [1.0, 0.5, 2.0, 3.0]}),
    ("Gamma", {"concentration": 2.0, "rate": 1.0}),
    ("Chi2", {"df": [0.5, 4.0]}),
    ("Chi2", {"df": 3.0}),
    ("InverseGamma", {"concentration": [0.5, 1.5, 4.0], "rate": [1.0, 2.0, 0.5]}),
    ("InverseGamma", {"concentration": 3.0, "rate": 2.0}),
    ("FisherSnedecor", {"df1": [1.0, 3.0, 8.0], "df2": [1.5, 3.0, 9.0]}),
    ("FisherSnedecor", {"df1": 3.0, "df2": 5.0}),
    ("Weibull", {"scale": [1.0, 2.0], "concentration": [0.5, 3.0]}),
    ("Weibull", {"scale": 1.0, "concentration": 2.0}),
    ("Pareto", {"scale": [1.0, 2.0, 0.5], "alpha": [0.5, 1.5, 3.0]}),
    ("Pareto", {"scale": 1.0, "alpha": 4.0}),
    (
        "GeneralizedPareto",
        {"loc": [0.0, 1.0, -1.0], "scale": [1.0, 2.0, 0.5], "concentration": [0.0, 0.3, -0.5]},
    ),
    ("GeneralizedPareto", {"loc": 0.0, "scale": 1.0, "concentration": 0.25}),
    ("Beta", {"concentration1": [0.5, 2.0, 30.0], "concentration0": [0.5, 3.0, 20.0]}),
    ("Beta", {"concentration1": 2.0, "concentration0": 5.0}),
    ("Kumaraswamy", {"concentration1": [0.5, 2.0], "concentration0": [1.5, 3.0]}),
    ("Kumaraswamy", {"concentration1": 2.0, "concentration0": 5.0}),
    ("Dirichlet", {"concentration": [0.5, 2.0, 7.5]}),
    ("Dirichlet", {"concentration": [[0.5, 0.5, 0.25], [10.0, 20.0, 30.0]]}),
    *(
        (name, {form: value})
        for name in ("Bernoulli", "ContinuousBernoulli", "Geometric")
        for form, value in (
            ("probs", [0.1, 0.5, 0.9]),
            ("probs", 0.25),
            ("logits", [[-1.0, 0.5], [3.0, 0.0]]),
            ("logits", 0.5),
        )
    ),
    *(
        (name, {"temperature": [0.5], form: value})
        for name in ("RelaxedBernoulli", "relaxed_bernoulli.LogitRelaxedBernoulli")
        for form, value in (("probs", [0.1, 0.5, 0.9]), ("logits", [-1.0, 3.0]))
    ),
    *(
        (name, {"total_count": count, form: value})
        for name in ("Binomial", "NegativeBinomial")
        for count, form, value in (
            (5, "probs", [0.1, 0.5, 0.9]),
            (60, "probs", [0.3, 0.7]),
            ([4.0, 40.0], "logits", [-1.0, 0.5]),
            (1000, "probs", [0.0, 0.001]),
        )
    ),
    ("Poisson", {"rate": [0.0, 0.5, 8.0, 40.0]}),
    ("Poisson", {"rate": 3.0}),
    *(
        (name, {form: value})
        for name in ("Categorical", "OneHotCategorical", "OneHotCategoricalStraightThrough")
        for form, value in (("probs", PROBS), ("logits", LOGITS), ("probs", [[1.0, 0.0, 2.0]]))
    ),
    *(
        (name, {"temperature": 0.75, form: value})
        for name in ("RelaxedOneHotCategorical", "relaxed_categorical.ExpRelaxedCategorical")
        for form, value in (("probs", PROBS), ("logits", LOGITS))
    ),
    ("Multinomial", {"total_count": 7, "probs": PROBS}),
    ("Multinomial", {"total_count": 3, "logits": LOGITS}),
    ("MultivariateNormal", {"loc": [0.5, -1.0], "covariance_matrix": COVARIANCE}),
    ("MultivariateNormal", {"loc": [0.5, -1.0], "precision_matrix": COVARIANCE}),
    ("MultivariateNormal", {"loc": [[0.5, -1.0], [0.0, 1.0], [2.0, 3.0]], "scale_tril": TRIL}),
    ("MultivariateNormal", {"loc": [0.0, 1.0], "covariance_matrix": COVARIANCES}),
    (
        "LowRankMultivariateNormal",
        {"loc": [0.5, -1.0], "cov_factor": [[1.0], [0.5]], "cov_diag": [1.0, 2.0]},
    ),
    (
        "LowRankMultivariateNormal",
        {
            "loc": [[0.5, -1.0], [0.0, 1.0], [2.0, 3.0]],
            "cov_factor": [[1.0, 0.0], [0.5, 2.0]],
            "cov_diag": [1.0, 2.0],
        },
    ),
    ("Wishart", {"df": 4.0, "covariance_matrix": COVARIANCE}),
    ("Wishart", {"df": [3.0, 4.0, 5.0], "precision_matrix": COVARIANCE}),
    ("Wishart", {"df": 4.0, "scale_tril": TRIL}),
    ("LKJCholesky", {"dim": 2, "concentration": 1.0}),
    ("LKJCholesky", {"dim": 4, "concentration": [0.5, 3.0]}),
    ("Independent", {"base_distribution": NORMALS, "reinterpreted_batch_ndims": 1}),
    ("Independent", {"base_distribution": NORMALS, "reinterpreted_batch_ndims": 2}),
    (
        "Independent",
        {
            "base_distribution": ("Bernoulli", {"probs": [0.1, 0.5]}),
            "reinterpreted_batch_ndims": 0,
        },
    ),
    (
        "MixtureSameFamily",
        {
            "mixture_distribution": ("Categorical", {"probs": PROBS}),
            "component_distribution": (
                "Normal",
                {"loc": [0.5, -1.0, 2.0], "scale": [1.0, 2.0, 0.1]},
            ),
        },
    ),
    (
        "MixtureSameFamily",
        {
            "mixture_distribution": ("Categorical", {"logits": LOGITS}),
            "component_distribution": (
                "MultivariateNormal",
                {
                    "loc": [[[0.0, 1.0], [2.0, 1.0], [0.0, 0.0]]] * 2,
                    "covariance_matrix": COVARIANCE,
                },
            ),
        },
    ),
    (
        "TransformedDistribution",
        {
            "base_distribution": ("Normal", TWO),
            "transforms": lambda d: [d.AffineTransform(1.0, -2.0), d.SigmoidTransform()],
        },
    ),
    (
        "TransformedDistribution",
        {
            "base_distribution": ("Exponential", {"rate": [0.5, 3.0]}),
            "transforms": lambda d: [d.PowerTransform(2.0), d.ExpTransform().inv],
        },
    ),
    (
        "TransformedDistribution",
        {
            "base_distribution": NORMALS,
            "transforms": lambda d: d.StickBreakingTransform(),
        },
    ),
    (
        "TransformedDistribution",
        {
            "base_distribution": ("Normal", TWO),
            "transforms": lambda d: d.IndependentTransform(d.TanhTransform(), 1),
        },
    ),
]
