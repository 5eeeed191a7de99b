"""From constraints to the transforms that map all numbers into them.

``biject_to(constraint)`` is one to one and has a Jacobian; ``transform_to(constraint)`` need not
be and is the easier one to optimize through.

Example:
    >>> import minitorch
    >>> from minitorch.distributions import Normal, transform_to
    >>> transform_to(Normal.arg_constraints["scale"])(minitorch.zeros(2))
    tensor([1., 1.])

Follows https://docs.pytorch.org/docs/stable/distributions.html#module-torch.distributions.constraint_registry
"""

from __future__ import annotations

from collections.abc import Callable
from numbers import Number
from typing import Any

from . import constraints, transforms

__all__ = ["ConstraintRegistry", "biject_to", "transform_to"]


class ConstraintRegistry:
    """A function from constraints to transforms that ``register`` extends."""

    def __init__(self) -> None:
        self._registry: dict[type, Callable[[Any], Any]] = {}

    def register(self, constraint: Any, factory: Callable[[Any], Any] | None = None) -> Any:
        """Registers what makes a transform of constraints of a class (or of an instance's class).

        Without ``factory``, a decorator.

        Raises:
            TypeError: ``constraint`` is no constraint.
        """
        if factory is None:
            return lambda factory: self.register(constraint, factory)
        if isinstance(constraint, constraints.Constraint):
            constraint = type(constraint)
        if not (isinstance(constraint, type) and issubclass(constraint, constraints.Constraint)):
            raise TypeError(
                "Expected constraint to be either a Constraint subclass or instance, but got "
                f"{constraint}"
            )
        self._registry[constraint] = factory
        return factory

    def __call__(self, constraint: Any) -> Any:
        """The transform to ``constraint``.

        Raises:
            NotImplementedError: none is registered for its class.
        """
        try:
            factory = self._registry[type(constraint)]
        except KeyError:
            raise NotImplementedError(
                f"Cannot transform {type(constraint).__name__} constraints"
            ) from None
        return factory(constraint)


Factory = Callable[[Any], Any]
biject_to = ConstraintRegistry()
transform_to = ConstraintRegistry()


def _registered(
    *kinds: Any, registries: Any = (biject_to, transform_to)
) -> Callable[[Factory], Factory]:
    """A decorator: ``factory(constraint)`` for all of ``kinds``."""

    def register(factory: Factory) -> Factory:
        for registry in registries:
            for kind in kinds:
                registry.register(kind, factory)
        return factory

    return register


@_registered(constraints.real)
def _real(constraint: Any) -> Any:
    return transforms.identity_transform


@_registered(constraints.greater_than, constraints.greater_than_eq)
def _greater_than(constraint: Any) -> Any:
    above = transforms.AffineTransform(constraint.lower_bound, 1)
    return transforms.ComposeTransform([transforms.ExpTransform(), above])


@_registered(constraints.less_than)
def _less_than(constraint: Any) -> Any:
    below = transforms.AffineTransform(constraint.upper_bound, -1)
    return transforms.ComposeTransform([transforms.ExpTransform(), below])


@_registered(constraints.interval, constraints.half_open_interval)
def _interval(constraint: Any) -> Any:
    low, high = constraint.lower_bound, constraint.upper_bound
    if all(isinstance(bound, Number) for bound in (low, high)) and (low, high) == (0, 1):
        return transforms.SigmoidTransform()
    inside = transforms.AffineTransform(low, high - low)
    return transforms.ComposeTransform([transforms.SigmoidTransform(), inside])


@_registered(constraints.corr_cholesky)
def _corr_cholesky(constraint: Any) -> Any:
    return transforms.CorrCholeskyTransform()


@_registered(constraints.simplex, registries=[biject_to])
def _bijection_to_simplex(constraint: Any) -> Any:
    return transforms.StickBreakingTransform()


@_registered(constraints.simplex, registries=[transform_to])
def _simplex(constraint: Any) -> Any:
    return transforms.SoftmaxTransform()


@_registered(constraints.lower_cholesky, registries=[transform_to])
def _lower_cholesky(constraint: Any) -> Any:
    return transforms.LowerCholeskyTransform()


@_registered(
    constraints.positive_definite, constraints.positive_semidefinite, registries=[transform_to]
)
def _positive_definite(constraint: Any) -> Any:
    return transforms.PositiveDefiniteTransform()


def _register_composites(registry: ConstraintRegistry) -> None:
    """Constraints made of others, by what ``registry`` knows of those."""

    @_registered(constraints.independent, registries=[registry])
    def independent(constraint: Any) -> Any:
        base = registry(constraint.base_constraint)
        return transforms.IndependentTransform(base, constraint.reinterpreted_batch_ndims)

    @_registered(constraints.cat, registries=[registry])
    def cat(constraint: Any) -> Any:
        parts = [registry(c) for c in constraint.cseq]
        return transforms.CatTransform(parts, constraint.dim, constraint.lengths)

    @_registered(constraints.stack, registries=[registry])
    def stack(constraint: Any) -> Any:
        return transforms.StackTransform([registry(c) for c in constraint.cseq], constraint.dim)


_register_composites(biject_to)
_register_composites(transform_to)
